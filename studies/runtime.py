r"""Runtime against macs, parameters and activations (Fast and Accurate Model Scaling, Fig. 2).

Whole:  python studies/runtime.py             about 30 minutes on 2 idle CPU cores (estimated)
Short:  python studies/runtime.py --out runs/runtime_short --resolution 64 --factors 2,4 \
          --rules w,dWr,dwr,dw --rounds 1     about 4 minutes (estimated)
GPU:    python studies/runtime.py --out runs/runtime_gpu --resolution 224 --factors 2,4,8,16,32 \
          --largest-batch 1024 --precision bf16 --results FOLDER
Look:   python studies/runtime.py --table [--out FOLDER]      what is finished, in seconds

It wants the machine for itself: what runs beside it is in the times.

Three base networks are scaled by several rules and factors. Of each network are timed: a training
step (forward, backward, SGD) and inference at the same batch, and the latency of one image; by
torch as it is, channels_last. The batch is the largest power of two whose training step fits in
half of the free memory, at most --largest-batch. The networks take turns in rounds, each round in
another order, so that what drifts does so for all of them.

Then: Pearson's r of time with each cost, for each base and over all, with a bootstrap interval
over networks; and what predicts better, by the relative error on networks it was not fitted to.

Every network's times are a file under --out: the same command after a kill goes on, and a larger
--rounds adds to what is there. Results go to studies/results/runtime.json and runtime.md, with two
pictures beside them, at the end and by --table.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

# Idle threads of a process must not take the other's core; read when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch

from common.command import command, parser, positive, write_results
from common.progress import Said
from common.setting import begun, keep
from escalade.core.numbers.seeds import generator
from escalade.train.runtime import PRECISIONS, Runtime
from runtime_study import results
from runtime_study.figure import pictures
from runtime_study.setting import Setting, networks
from runtime_study.table import markdown
from runtime_study.times import rounds_done, time_network


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    if options.table:
        setting = begun(Setting, options.out)
    else:
        runtime = Runtime(precision=options.precision, threads=options.threads)
        options.device = runtime.device_name
        options.threads = torch.get_num_threads()
        given = {f.name: getattr(options, f.name) for f in fields(Setting)}
        setting = Setting(**given)
        networks(setting)  # refuses what it does not know before the folder is begun
        keep(setting, options.out)
        run(setting, options.out, runtime=runtime, num_rounds=options.rounds)
    found = results.to_json(setting, options.out)
    text = markdown(found)
    write_results(found, text, options.results, "runtime", pictures=pictures(found))


def run(setting: Setting, folder: Path, *, runtime: Runtime, num_rounds: int) -> None:
    """Every round of every network that is not done yet."""
    say, scaled = Said(), networks(setting)
    for index in range(num_rounds):
        order = generator(0, "runtime", index).permutation(len(scaled))
        for place, which in enumerate(order):
            network = scaled[which]
            if rounds_done(network, folder) <= index:
                time_network(network, setting, folder, runtime=runtime)
                say(f"round {index + 1} of {num_rounds}: {place + 1} of {len(scaled)} networks")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    made = parser(__doc__, out=Path("runs") / "runtime")
    default = Setting()
    made.add_argument("--bases", default=default.bases, help="known names or architecture files")
    made.add_argument("--rules", default=default.rules)
    made.add_argument("--factors", default=default.factors, help="beside 1")
    made.add_argument(
        "--resolution", type=positive, default=default.resolution, help="of the bases"
    )
    made.add_argument("--largest-batch", type=positive, default=default.largest_batch)
    made.add_argument("--precision", choices=PRECISIONS, default=default.precision)
    made.add_argument("--threads", type=positive, help="CPU threads (default: torch's choice)")
    made.add_argument("--repeats", type=positive, default=default.repeats, help="timed in a round")
    made.add_argument("--rounds", type=positive, default=3)
    return made.parse_args(arguments)


if __name__ == "__main__":
    command(main)
