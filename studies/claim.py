"""The claim test: a searched family against hand-made scaling rules, at equal macs.

On Fashion-MNIST, a base network and its scaling strategies searched together are compared with a
fixed hand-made base scaled by dwr, dWr, wr, r, d and w, and with the searched base scaled by dwr
and dWr. Budgets are f_0 (the hand-made base's macs), 2 f_0, 4 f_0, and 8 f_0, where the searched
family has a grown member that nobody searched. 30,000 images train, 10,000 search, 20,000 judge,
all of them from the 60,000 training images; the test set is not used. The searched networks are
never the larger ones, by at most 1 %. The aim: never below the best hand rule, clearly above the
wrong ones.

    python studies/claim.py --resolution 14                the whole half: five seeds
    python studies/claim.py --resolution 14 --seeds 2      its cheap part
    python studies/claim.py --resolution 14 --table        what is finished so far

Every supernet, search, and retraining of a network with a seed is a file in runs/claim/RESOLUTION;
the same command after a kill goes on. On two idle cores at resolution 14 the supernet (30 epochs)
takes 5 minutes, each of the two searches (about 1,150 paths on 4,000 images) about 10, and the
retrainings (4 epochs) about 25 a seed: 75 for two seeds, 2.5 hours for five. Resolution 20 has
twice the macs and takes twice as long. Results go to studies/results/claim_14.json and claim_14.md
(or 20), at the end and by --table.
"""

from __future__ import annotations

from collections.abc import Sequence

from claim_study.networks import Entry, hand_base, hand_entries, searched_entries
from claim_study.results import RETRAINED, TUNED, to_json
from claim_study.search import result_path, search
from claim_study.setting import Setting
from claim_study.table import markdown
from common.alone import Unit
from common.command import above_zero, command
from common.files import read
from common.lab import Parser
from common.study import Study, Work

# The arms whose results tell most are retrained first.
FIRST = ("searched", "hand base", "hand dwr", "hand wr", "hand r")


def run(work: Work) -> None:
    """Supernets, searches, retrainings that are not done yet, the most telling first."""
    search(work, 0, fixed=False)
    first = [entry for entry in entries(work) if entry.arm in FIRST]
    _retrain(work, first, 0)
    for search_seed in range(work.options.search_seeds):
        for fixed in (False, True):
            search(work, search_seed, fixed=fixed)
    for seed in range(work.options.seeds):
        _retrain(work, first, seed)
        _retrain(work, entries(work), seed)
    base = hand_base(work.setting.resolution)
    tuned = [Unit(architecture=base, seed=0, learning_rate=rate) for rate in work.options.tune]
    bench = work.bench(work.data.search, work.data.search_digest)
    bench.train_alone(tuned, work.folder / TUNED, work.setting.retraining)


def entries(work: Work) -> list[Entry]:
    """The networks compared, as far as searches are finished."""
    found: list[Entry] = []
    resolution = work.setting.resolution
    for seed in range(work.options.search_seeds):
        for fixed in (False, True):
            searched = read(result_path(work.folder, seed, fixed=fixed))
            if searched is not None:
                arm = "searched" + (" fixed" if fixed else "") + (f" {seed}" if seed else "")
                found += searched_entries(
                    searched["stages"], arm=arm, resolution=resolution, by_rules=not fixed
                )
    return found + hand_entries(resolution, everything=work.options.all)


def _retrain(work: Work, networks: Sequence[Entry], seed: int) -> None:
    found = (entry.architecture for entry in networks)
    work.retrain(found, RETRAINED, work.setting.retraining, [seed])


def _flags(parser: Parser) -> None:
    parser.add_argument("--all", action="store_true", help="rules d and w at 8 f_0 too")
    parser.add_argument("--tune", type=above_zero, nargs="*", default=[], metavar="RATE")


STUDY = Study(
    name="claim_{resolution}",
    out="runs/claim/{resolution}",
    about=__doc__,
    setting=Setting(),
    counts={
        "seeds": (5, "retrainings of every network"),
        "search-seeds": (1, "supernets with a search each"),
    },
    flags=_flags,
    run=run,
    to_json=lambda work: to_json(entries(work), work.setting, work.folder),
    markdown=markdown,
)
main = STUDY.main

if __name__ == "__main__":
    command(main)
