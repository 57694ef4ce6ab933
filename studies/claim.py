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
(or 20) after every retraining, and by --table.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

# Idle threads of a process must not take the other's core; read when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from claim_test import results
from claim_test import search as searching
from claim_test.networks import Entry, base_budget, hand_base, hand_entries, searched_entries
from claim_test.setting import Setting
from claim_test.table import markdown
from common.command import (
    above_zero,
    add_setting,
    add_workers,
    command,
    count,
    given,
    parser,
)
from common.images import load_images, scored_on
from common.progress import Said, Say
from common.retraining import Unit, retrain
from common.setting import begun, keep
from escalade.artefacts.files import write_json, write_text
from escalade.data import ImageData
from escalade.data.split import Split

# The arms whose results tell most are retrained first.
FIRST = ("searched", "hand base", "hand dwr", "hand wr", "hand r")


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    folder = options.out or Path("runs") / "claim" / str(options.resolution)
    if options.table:
        setting = begun(Setting, folder)
    else:
        setting = Setting(**given(options, Setting))
        keep(setting, folder, missing=asdict(Setting()))
    run = Run(
        setting=setting,
        folder=folder,
        num_search_seeds=options.search_seeds,
        num_seeds=options.seeds,
        everything=options.all,
        num_workers=options.workers,
        say=Said(),
    )
    if not options.table:
        run.go(rates=options.tune)
    print(run.write(options.results / f"claim_{setting.resolution}"))


@dataclass(frozen=True, kw_only=True)
class Run:
    """A setting, how much of it to run, and where its finished units lie."""

    setting: Setting
    folder: Path
    num_search_seeds: int
    num_seeds: int
    everything: bool
    num_workers: int
    say: Say

    def go(self, *, rates: Sequence[float]) -> None:
        """Supernets, searches, retrainings that are not done yet, the most telling first."""
        data, judge = load_images(limit=self.setting.limit)
        self._search(0, data, fixed=False)
        first = [entry for entry in self.entries() if entry.arm in FIRST]
        self._retrain(first, 0, data=data, judge=judge)
        for search_seed in range(self.num_search_seeds):
            for fixed in (False, True):
                self._search(search_seed, data, fixed=fixed)
        for seed in range(self.num_seeds):
            self._retrain(first, seed, data=data, judge=judge)
            self._retrain(self.entries(), seed, data=data, judge=judge)
        self._tune(rates, data)

    def entries(self) -> list[Entry]:
        """The networks compared, as far as searches are finished."""
        entries: list[Entry] = []
        resolution = self.setting.resolution
        for seed in range(self.num_search_seeds):
            for fixed in (False, True):
                path = searching.result_path(self.folder / f"search{seed}", fixed=fixed)
                if not path.exists():
                    continue
                arm = "searched" + (" fixed" if fixed else "") + (f" {seed}" if seed else "")
                found = searching.read(path)["stages"]
                entries += searched_entries(
                    found, arm=arm, resolution=resolution, by_rules=not fixed
                )
        return entries + hand_entries(resolution, everything=self.everything)

    def write(self, path: Path) -> str:
        """Write what is finished as JSON and Markdown; returns the Markdown."""
        resolution = self.setting.resolution
        found = results.networks(self.entries(), folder=self.folder / "retrained")
        content = results.to_json(
            found, folder=self.folder, setting=asdict(self.setting), f_0=base_budget(resolution)
        )
        text = markdown(content)
        write_json(path.with_suffix(".json"), content)
        write_text(path.with_suffix(".md"), text)
        return text

    def _search(self, seed: int, data: ImageData, *, fixed: bool) -> None:
        folder = self.folder / f"search{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        supernet = searching.train_supernet(
            self.setting, folder, data=data, seed=seed, threads=self.num_workers, say=self.say
        )
        searching.search(
            self.setting, folder, data=data, supernet=supernet, seed=seed, fixed=fixed,
            num_workers=self.num_workers, say=self.say,
        )  # fmt: skip

    def _retrain(
        self, entries: Sequence[Entry], seed: int, *, data: ImageData, judge: Split
    ) -> None:
        units = [Unit(architecture=entry.architecture, seed=seed) for entry in entries]

        def done(unit: Unit) -> None:
            key = unit.architecture.key
            arms = [f"{e.arm} x{e.factor:g}" for e in entries if e.architecture.key == key]
            result = unit.result(self.folder / "retrained")
            assert result is not None
            seconds, accuracy = result["device_seconds"], result["accuracy"]
            print(f"{', '.join(arms)}, seed {seed}: {accuracy:.2%}, {seconds:.0f} s", flush=True)
            self.write(self.folder / "table")

        retrain(
            units, self.folder / "retrained", recipe=self.setting.retraining,
            data=scored_on(data, judge), num_workers=self.num_workers, say=self.say, done=done,
        )  # fmt: skip

    def _tune(self, rates: Sequence[float], data: ImageData) -> None:
        base = hand_base(self.setting.resolution)
        units = [Unit(architecture=base, seed=0, learning_rate=rate) for rate in rates]
        folder = self.folder / "tuned"
        retrain(
            units, folder, recipe=self.setting.retraining, data=data, num_workers=self.num_workers,
            say=self.say,
        )  # fmt: skip


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    made = parser(__doc__, out=None, out_help="work folder (runs/claim/RESOLUTION)")
    add_setting(made, Setting, default=Setting())
    made.add_argument("--seeds", type=count, default=5, help="retrainings of every network")
    made.add_argument("--search-seeds", type=count, default=1, help="supernets with a search each")
    made.add_argument("--all", action="store_true", help="rules d and w at 8 f_0 too")
    made.add_argument("--tune", type=above_zero, nargs="*", default=[], metavar="RATE")
    add_workers(made)
    return made.parse_args(arguments)


if __name__ == "__main__":
    command(main)
