r"""Accuracy, step time and memory under scaling rules (Fast and Accurate Model Scaling, Figs. 4-7).

Main:    python studies/accuracy.py                  two bases, eight rules, factor 4, two seeds
Search:  python studies/accuracy.py --arms           and scaled against searched, and hybrid
Times:   python studies/accuracy.py --times          of what is trained; wants the machine to itself
More:    python studies/accuracy.py --factors 4,8 --seeds 3
Look:    python studies/accuracy.py --table          what is finished, in seconds

The main part took 50 minutes on one core (with --workers 1, other work on the second core), the
searches 23 more, the times 2. Two idle cores need about half of that (estimated).

A small relative of EfficientNet-B0 and one of RegNetZ-500MF, 0.6 M macs at 16 pixels, are scaled by
w, dWr, alpha=0.5, dwr, dr (that is alpha = 1, 0.8, 0.5, 1/3, 0), wr, d and r to equal macs within
2 %. All are trained on Fashion-MNIST from scratch by one recipe: 30,000 images train, 10,000 choose
(in the searches), 20,000 judge, all of the 60,000 training images; the test set is not used. Images
have 28 pixels, so the networks of rule r (31 at factor 4) see upsampled ones.

--arms adds section 6.4: of regnet_z_small and regnet_y_small, the best of 8 random networks at the
base budget scaled to the target (hybrid), and the best of 8 at the target, all trained alike.

A training takes one thread each; OMP_NUM_THREADS=1 and --workers 1 leave the other core alone.
Every training and every network's times are a file under --out: the same command after a kill goes
on. Results go to studies/results/accuracy.json and accuracy.md, with a picture for each base.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

# Idle threads of a process must not take the other's core; read when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch

from accuracy_study import results, search
from accuracy_study.bases import BASES
from accuracy_study.figure import pictures
from accuracy_study.setting import FACTORS, MAIN, RULES, Setting, networks
from accuracy_study.table import markdown
from accuracy_study.times import Timing, time_all
from common.bench import Bench
from common.command import (
    above_zero,
    add_workers,
    among,
    command,
    count,
    given,
    parser,
    positive,
    write_results,
)
from common.images import load_images
from common.progress import Said
from common.retraining import Unit
from common.setting import begun, keep
from escalade.train.runtime import Runtime
from runtime_study.setting import Scaled

NUM_RECALIBRATION = 1024


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    if options.table or options.times:
        setting = begun(Setting, options.out)
    else:
        setting = Setting(**given(options, Setting))
        keep(setting, options.out)
        run(setting, options)
    if options.times:
        _time(options)
    found = results.to_json(setting, options.out)
    text = markdown(found)
    write_results(found, text, options.results, "accuracy", pictures=pictures(found))


def run(setting: Setting, options: argparse.Namespace) -> None:
    """Train what is not trained yet: a whole comparison with one seed before the next."""
    folder: Path = options.out
    data, judge = load_images(limit=setting.limit)
    bench = Bench(
        data=data,
        judge=judge,
        num_recalibration=NUM_RECALIBRATION,
        num_workers=options.workers,
        say=Said(),
    )
    for factor in options.factors:
        chosen = networks([factor], bases=options.bases, rules=options.rules)
        for seed in range(options.seeds):
            bench.retrain(_units(chosen, seed), folder / results.RETRAINED, setting.judged)
    for search_seed in range(options.search_seeds if options.arms else 0):
        for each in search.searches(search_seed):
            each.run(setting, folder, bench)
            for seed in range(options.seeds):
                found = _units(search.entries(folder, search_seed), seed)
                bench.retrain(found, folder / results.RETRAINED, setting.judged)


def _units(chosen: Iterable[Scaled], seed: int) -> list[Unit]:
    return [Unit(architecture=network.architecture, seed=seed) for network in chosen]


def _time(options: argparse.Namespace) -> None:
    """All networks that are trained, in turns."""
    folder: Path = options.out
    runtime = Runtime(threads=options.threads)
    timing = Timing(
        repeats=options.repeats, device=runtime.device_name, threads=torch.get_num_threads()
    )
    time_all(
        results.trained(folder),
        timing,
        folder / results.TIMED,
        runtime=runtime,
        num_rounds=options.rounds,
    )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    made = parser(__doc__, out=Path("runs") / "accuracy")
    default = Setting()
    made.add_argument("--factors", type=_numbers, default=[MAIN], help="in order, of 4 and 8")
    made.add_argument("--bases", type=among(BASES), default=list(BASES))
    made.add_argument("--rules", type=among(RULES), default=RULES)
    made.add_argument("--seeds", type=count, default=2, help="trainings of every network")
    made.add_argument("--arms", action="store_true", help="also scaled against searched")
    made.add_argument("--search-seeds", type=count, default=1, help="searches of every space")
    made.add_argument("--epochs", type=above_zero, default=default.epochs)
    made.add_argument("--short-epochs", type=above_zero, default=default.short_epochs)
    made.add_argument("--num-models", type=positive, default=default.num_models, help="of a search")
    made.add_argument("--learning-rate", type=above_zero, default=default.learning_rate)
    made.add_argument("--limit", type=positive, help="images of each split, for a smoke test")
    made.add_argument("--steps", type=positive, help="of every training, for a smoke test")
    made.add_argument("--times", action="store_true", help="only time what is trained")
    made.add_argument("--rounds", type=positive, default=3, help="of timing")
    made.add_argument("--repeats", type=positive, default=3, help="timed batches in a round")
    made.add_argument("--threads", type=positive, default=1, help="CPU threads of timing")
    add_workers(made)
    return made.parse_args(arguments)


def _numbers(text: str) -> list[float]:
    return [float(name) for name in among([f"{factor:g}" for factor in FACTORS])(text)]


if __name__ == "__main__":
    command(main)
