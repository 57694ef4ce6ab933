r"""Uniform against hierarchical sampling on full Fashion-MNIST: paths, ranking, families.

Whole:  python studies/sampling.py                about 2 hours on 2 free CPU cores
Table 3: python studies/sampling.py --table3      2 to 3 hours more: M = 1 and 3, T = 1, 2, 6 and 8
Short:  python studies/sampling.py --out runs/sampling_short --supernet-epochs 12 \
          --search-images 1000 --alone 20 --alone-epochs 2 --bases 6 --population 16 \
          --generations 4 --strategies 16 --iterations 2 --epochs 2 --search-seeds 1 --seeds 1
        about 35 minutes; one search a sampler, each network trained once
Look:   python studies/sampling.py --table [--out FOLDER]     what is finished, in seconds

The hours are estimates from 1,565 (uniform) and 2,277 (hierarchical) training images and 6 paths
of 1,512 images a core-second, measured in one process on a shared machine of 2 cores.

The 60,000 training images are divided as in the claim test: 30,000 train, 10,000 search, 20,000
judge; the test set is not used. Supernets of all samplers see the same images in the same order
with the same window around the budgets; a uniform path costs more, so equal images are not equal
compute (the table shows both). The parts, in this order:

(a) the same 1,000 paths (drawn uniformly and hierarchically) scored on every supernet: Fig. 5,
    Table 4;
(b) some of them, spread evenly over macs, trained from scratch and judged: does a supernet rank as
    training does, and does it beyond "more macs are better"?
(c) MCEA on the supernets; members s0 to s2, and s3 by each growth function, trained from scratch
    and judged: Table 3 (uniform against hierarchical) and Fig. 7d.

Every supernet, score, search and training is a file under --out: the same command after a kill
goes on. Results go to studies/results/sampling.json and sampling.md, at the end and by --table.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

# Idle threads of a process must not take the other's core; read when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from common.bench import Bench
from common.command import (
    add_setting,
    add_workers,
    command,
    count,
    given,
    parser,
    write_results,
)
from common.files import read
from common.images import leading, load_images
from common.progress import Said
from common.retraining import Unit
from common.setting import begun, keep
from common.supernets import SampledJob
from escalade.artefacts.files import write_json
from escalade.data import ImageData
from escalade.data.split import Split
from sampling_study import results
from sampling_study.families import Row, rows, search_family
from sampling_study.paths import Drawn, draw_paths, stratified
from sampling_study.setting import SAMPLERS, Setting
from sampling_study.table import markdown


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    chosen = Setting(**given(options, Setting))
    setting = begun(Setting, options.out) if options.table else chosen
    run = Run(setting=setting, folder=options.out, options=options)
    if not options.table:
        keep(run.setting, run.folder)
        run.go(*load_images(limit=run.setting.limit))
    run.write()


@dataclass(frozen=True, kw_only=True)
class Run:
    """A setting, how much of it to run, and where its finished units lie."""

    setting: Setting
    folder: Path
    options: argparse.Namespace

    def go(self, data: ImageData, judge: Split) -> None:
        """Everything that is not done yet, in the order of the parts."""
        images = leading(data.search, self.setting.search_images)
        digest = f"{data.search_digest} {len(images)}"
        bench = Bench(
            data=replace(data, search=images, search_digest=digest),
            judge=judge,
            num_recalibration=self.setting.recalibration_images,
            num_workers=self.options.workers,
            say=Said(),
        )
        paths = self.paths()
        self._score(bench, paths)
        self._alone(bench, paths)
        for seed in range(self.options.search_seeds):
            for row in rows(self.setting, table3=self.options.table3):
                self._family(bench, row, seed)

    def paths(self) -> list[Drawn]:
        return draw_paths(self.setting)

    def write(self) -> None:
        """Write what is finished."""
        found = results.to_json(self.setting, self.folder, paths=self.paths())
        write_results(found, markdown(found), self.options.results, "sampling")

    def _score(self, bench: Bench, paths: Sequence[Drawn]) -> None:
        """Part (a): train every supernet, then score the same paths on each."""
        jobs = [
            self._job(sampler, self.setting.num_scaled, seed)
            for seed in range(self.options.supernet_seeds)
            for sampler in SAMPLERS
        ]
        bench.train(jobs)
        for job in jobs:
            if read(job.folder / "scores.json") is None:
                accuracies = bench.score(job, [drawn.path for drawn in paths])
                write_json(job.folder / "scores.json", {"accuracies": accuracies})

    def _alone(self, bench: Bench, paths: Sequence[Drawn]) -> None:
        """Part (b): some of the paths trained from scratch."""
        setting = self.setting
        chosen = [paths[index].path.architecture for index in stratified(paths, setting.alone)]
        for seed in range(self.options.alone_seeds):
            units = [Unit(architecture=architecture, seed=seed) for architecture in chosen]
            recipe = setting.recipe(setting.alone_epochs)
            bench.retrain(units, self.folder / "alone", recipe)

    def _family(self, bench: Bench, row: Row, seed: int) -> None:
        """Part (c): a search on one supernet, and its family retrained."""
        job = self._job(row.sampler, row.num_scaled, seed)
        bench.train([job])
        members = search_family(bench, self.setting, row, job, seed=seed)
        recipe = self.setting.recipe(self.setting.epochs)
        for retraining in range(self.options.seeds):
            units = [Unit(architecture=m.architecture, seed=retraining) for m in members]
            bench.retrain(units, self.folder / "families", recipe)

    def _job(self, sampler: str, num_scaled: int, seed: int) -> SampledJob:
        setting = self.setting
        return SampledJob(
            folder=results.supernet_folder(self.folder, f"{sampler}-m{num_scaled}", seed),
            sampler=setting.sampler(sampler, num_scaled),
            recipe=setting.recipe(setting.supernet_epochs),
            seed=seed,
        )


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    made = parser(__doc__, out=Path("runs") / "sampling")
    add_setting(made, Setting, default=Setting())
    made.add_argument("--table3", action="store_true", help="M = 1, 2, 3 and T = 1, 2, 4, 6, 8")
    made.add_argument("--supernet-seeds", type=count, default=2, help="supernets of each sampler")
    made.add_argument("--alone-seeds", type=count, default=1, help="trainings of each path")
    made.add_argument("--search-seeds", type=count, default=2, help="searches of each row")
    made.add_argument("--seeds", type=count, default=2, help="retrainings of every member")
    add_workers(made)
    return made.parse_args(arguments)


if __name__ == "__main__":
    command(main)
