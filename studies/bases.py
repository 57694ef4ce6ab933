"""Which networks by hand are best after equal seconds: what a run's first look has to choose from.

Command: .venv/bin/python studies/bases.py --folders images/fashion,images/icons --seeds 2
Look:    .venv/bin/python studies/bases.py --table

The plain base of the space `small` and bases that differ from it in kernels, expansions, or kind of
block, scaled by one rule to the third budget of a set's ladder, train from scratch by the members'
recipe, each as many steps as a number of seconds of one core allows. A fifth of the training images
judges; test images are not looked at.

Each (set, base, seed) takes a little more than --seconds of one core. Finished ones are files under
--out: the same command goes on. Results go to studies/results/bases.json and bases.md.
"""

from __future__ import annotations

from bases_study.setting import Setting
from bases_study.table import markdown
from bases_study.work import Runs
from common.command import command
from common.study import Study

STUDY = Study(
    name="bases",
    about=__doc__,
    setting=Setting(),
    counts={"seeds": (2, "trainings of every base")},
    work=Runs,
    run=Runs.run,
    to_json=Runs.to_json,
    markdown=markdown,
)
main = STUDY.main

if __name__ == "__main__":
    command(main)
