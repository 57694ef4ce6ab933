"""What a joint search costs and finds against independent searches, at the demo's budgets.

Command: python studies/independent.py             about 20 minutes on 2 free CPU cores (3 seeds)
Look:    python studies/independent.py --table     what is finished, in seconds

The time is an estimate from training and scoring speeds measured on a shared machine of 2 cores.
Costs are the wall seconds of processes with one thread each, so nothing else should run meanwhile.

Data, budgets, recipes and search sizes are those of the preset `demo` (src/escalade/presets). All
arms run the same code with one thread a process, and each pays for what it uses:

- joint: one super-supernet over all budgets, and MCEA. It maximises the mean over the scaled
  budgets, as the paper does; the base's own accuracy does not count.
- a supernet a budget: base networks alone, around that budget, with as many images *each* as the
  super-supernet; one evolutionary search on each. What the paper compares with.
- a short supernet a budget: the same with the super-supernet's images *divided* by the budgets, so
  that each budget's paths see as many images as they do in the super-supernet (equal images per
  scaling stage). Without this arm the comparison would only show that thrice the training is
  thrice as dear.
- one supernet, a search a budget: on the super-supernet a search per budget without a shared base
  (BigNAS's way of searching).
- one supernet, random search: random families on the super-supernet.

Every arm scores about as many networks in all as the joint search did, each search from a store of
its own. Members are then trained from scratch with the demo's recipe and judged on 20,000 training
images of the full Fashion-MNIST that are not among the demo's; without that set only costs are
reported. Supernets, searches and trainings are files under --out: the same command goes on.
Results go to studies/results/independent.json and independent.md, at the end and by --table.
"""

from __future__ import annotations

from common.command import command
from common.study import Study
from independent_study.setting import Setting
from independent_study.table import markdown
from independent_study.work import DemoWork

STUDY = Study(
    name="independent",
    about=__doc__,
    setting=Setting(),
    counts={
        "search-seeds": (3, "supernets and searches"),
        "seeds": (1, "retrainings of every member"),
    },
    work=DemoWork,
    run=DemoWork.run,
    to_json=DemoWork.to_json,
    markdown=markdown,
)
main = STUDY.main

if __name__ == "__main__":
    command(main)
