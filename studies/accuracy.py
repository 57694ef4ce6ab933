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

from collections.abc import Iterable

from accuracy_study import results, search
from accuracy_study.bases import BASES
from accuracy_study.figure import pictures
from accuracy_study.setting import FACTORS, MAIN, RULES, Setting, networks
from accuracy_study.table import markdown
from common.command import among, command, positive
from common.lab import Parser, Runtime, num_threads
from common.study import Study, Work, keep
from common.times import Scaled, Timing, time_all


def run(work: Work) -> None:
    """Train what is not trained yet, a whole comparison with one seed before the next; or time."""
    options = work.options
    if options.times:
        _time(work)
        return
    for factor in options.factors:
        _train(work, networks([factor], bases=options.bases, rules=options.rules))
    for search_seed in range(options.search_seeds if options.arms else 0):
        for each in search.searches(search_seed):
            each.run(work.setting, work.folder, work.searching)
            _train(work, search.entries(work.folder, search_seed))


def _train(work: Work, chosen: Iterable[Scaled]) -> None:
    setting, seeds = work.setting, range(work.options.seeds)
    recipe = setting.recipe(setting.epochs, setting.learning_rate)
    work.retrain((each.architecture for each in chosen), results.RETRAINED, recipe, seeds)


def _time(work: Work) -> None:
    """All networks that are trained, in turns."""
    folder, options = work.folder / results.TIMED, work.options
    runtime = Runtime(threads=options.threads)
    timing = Timing(
        largest_batch=results.BATCH,
        repeats=options.repeats,
        device=runtime.device_name,
        threads=num_threads(),
    )
    keep(timing, folder)
    time_all(results.trained(work.folder), folder, timing, runtime=runtime, rounds=options.rounds)


def _flags(parser: Parser) -> None:
    factors = "in order, of 4 and 8"
    parser.add_argument("--factors", type=_numbers, default=[MAIN], help=factors)
    parser.add_argument("--bases", type=among(BASES), default=list(BASES))
    parser.add_argument("--rules", type=among(RULES), default=RULES)
    parser.add_argument("--arms", action="store_true", help="also scaled against searched")
    parser.add_argument("--times", action="store_true", help="only time what is trained")
    parser.add_argument("--rounds", type=positive, default=3, help="of timing")
    parser.add_argument("--repeats", type=positive, default=3, help="timed batches in a round")
    parser.add_argument("--threads", type=positive, default=1, help="CPU threads of timing")


def _numbers(text: str) -> list[float]:
    return [float(name) for name in among([f"{factor:g}" for factor in FACTORS])(text)]


STUDY = Study(
    name="accuracy",
    about=__doc__,
    setting=Setting(),
    counts={
        "seeds": (2, "trainings of every network"),
        "search-seeds": (1, "searches of every space"),
    },
    flags=_flags,
    run=run,
    to_json=lambda work: results.to_json(work.setting, work.folder),
    markdown=markdown,
    pictures=pictures,
    begun_by=("table", "times"),
)
main = STUDY.main

if __name__ == "__main__":
    command(main)
