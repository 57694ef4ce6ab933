"""What a run is worth: its family against the plain rivals alone with all of its time.

Command: .venv/bin/python studies/make_images.py fashion images/fashion
         .venv/bin/python studies/worth.py --folders images/fashion,images/icons --seeds 3
Look:    .venv/bin/python studies/worth.py --table

A run as `escalade run` does it by default, of one process of one thread, and then the networks
that a user would make by hand, the space's plain base scaled by one rule: each trained from scratch
by the members' recipe, all of them together for as long as the whole run took (process-seconds,
search and contest and all). Then what the run had found, whatever its contest kept, trained as its
family was. All are judged on the folder's test images, which nothing is tuned on: Fashion-MNIST's
are training images that are left over.

Each (set, seed) takes three times --minutes of one core. Finished ones are files under --out: the
same command goes on. Results go to studies/results/worth.json and worth.md.
"""

from __future__ import annotations

from common.command import command
from common.study import Study
from worth_study.setting import Setting
from worth_study.table import markdown
from worth_study.work import Runs

STUDY = Study(
    name="worth",
    about=__doc__,
    setting=Setting(),
    counts={"seeds": (3, "runs of every set")},
    work=Runs,
    run=Runs.run,
    to_json=Runs.to_json,
    markdown=markdown,
)
main = STUDY.main

if __name__ == "__main__":
    command(main)
