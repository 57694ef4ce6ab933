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

from common.command import command, positive
from common.lab import Parser
from common.study import Study, Work
from common.times import time_all
from runtime_study import results
from runtime_study.figure import pictures
from runtime_study.setting import Setting, networks, settle
from runtime_study.table import markdown


def run(work: Work) -> None:
    """Every round of every network that is not done yet."""
    setting, rounds = work.setting, work.options.rounds
    chosen, runtime = networks(setting), setting.runtime
    time_all(chosen, work.folder, setting.timing, runtime=runtime, rounds=rounds)


def _flags(parser: Parser) -> None:
    parser.add_argument("--rounds", type=positive, default=3, help="of all networks (3)")


STUDY = Study(
    name="runtime",
    about=__doc__,
    setting=Setting(),
    flags=_flags,
    settle=settle,
    run=run,
    to_json=lambda work: results.to_json(work.setting, work.folder),
    markdown=markdown,
    pictures=pictures,
)
main = STUDY.main

if __name__ == "__main__":
    command(main)
