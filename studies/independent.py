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

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

# Idle threads of a process must not take the other's core; read when torch is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from common.bench import Bench
from common.command import (
    above_zero,
    add_workers,
    command,
    count,
    parser,
    positive,
    write_results,
)
from common.files import plain, read
from common.images import leading
from common.progress import Said
from common.retraining import Unit, retrained
from common.setting import keep, kept
from common.supernets import SampledJob
from escalade.artefacts.files import write_json
from escalade.config import Config, read_preset, resolve
from escalade.config.recipe import Recipe
from escalade.core.network.architecture import Architecture
from escalade.planning.begun_space import named_space
from escalade.planning.run import load_images
from independent_study.arms import JOINT, Arm, Net, arms, members_of, sampler_of, searcher_of
from independent_study.judge import judge_images
from independent_study.table import markdown


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    config = resolve(kept(options.out)) if options.table else _config(options)
    run = Run(config=config, folder=options.out, options=options)
    if not options.table:
        keep(run.config, run.folder)
        run.go()
    run.write()


@dataclass(frozen=True, kw_only=True)
class Run:
    """The demo's settings, how much of the study to run, and where its finished units lie."""

    config: Config
    folder: Path
    options: argparse.Namespace

    def go(self) -> None:
        """Everything that is not done yet: all supernets, all searches, all retrainings."""
        bench = self._bench()
        seeds, every = range(self.options.search_seeds), self.arms()
        bench.train(self._job(net, seed) for seed in seeds for arm in every for net in arm.nets)
        for seed in seeds:
            for arm in every:
                self._search(bench, arm, seed)
        for seed in range(self.options.seeds if bench.judge is not None else 0):
            found = [a for s in seeds for arm in every for a in self._architectures(arm, s)]
            units = [Unit(architecture=architecture, seed=seed) for architecture in found]
            bench.retrain(units, self.folder / "retrained", self.config.retrain.recipe)

    def arms(self) -> list[Arm]:
        return arms(len(self.config.budgets))

    def write(self) -> None:
        """Write what is finished."""
        families = [
            self._family(arm, seed)
            for arm in self.arms()
            for seed in range(self.options.search_seeds)
            if self._found(arm, seed) is not None
        ]
        found = plain({"budgets": list(self.config.budgets), "families": families})
        write_results(found, markdown(found), self.options.results, "independent")

    def _bench(self) -> Bench:
        data = load_images(self.config, named_space(self.config))
        judge = judge_images(data)
        limit = self.config.dataset.limit
        if judge is not None and limit is not None:
            judge = leading(judge, limit)
        return Bench(
            data=replace(data, test=leading(data.test, 0)),
            judge=judge,
            num_recalibration=self.config.evaluation.recalibration_images,
            num_workers=self.options.workers,
            say=Said(),
        )

    def _job(self, net: Net, seed: int) -> SampledJob:
        return SampledJob(
            folder=self.folder / "supernets" / f"{net.name}-seed{seed}",
            sampler=sampler_of(net, self.config),
            recipe=_shortened(self.config.supernet.recipe, net.share),
            seed=seed,
        )

    def _search(self, bench: Bench, arm: Arm, seed: int) -> None:
        """An arm's searches, each with a store of its own: none profits from another's scores."""
        config = replace(self.config, seed=seed)
        for net in arm.nets:
            path = self._path(arm, net, seed)
            if path.exists():
                continue
            searcher = searcher_of(
                arm,
                net,
                config,
                num_images=len(bench.data.search),
                num_evaluations=self._joint_evaluations(seed),
            )
            job = self._job(net, seed)
            found = bench.search(searcher, job, store=path.with_suffix(".sqlite"))
            write_json(path, found)

    def _joint_evaluations(self, seed: int) -> int | None:
        joint = self.arms()[0]
        found = read(self._path(joint, joint.nets[0], seed))
        return None if found is None else int(found["evaluations"]["distinct"])

    def _path(self, arm: Arm, net: Net, seed: int) -> Path:
        name = f"{net.name}-{arm.searcher}" if net.name == JOINT else net.name
        return self.folder / "searches" / f"{name}-seed{seed}.json"

    def _found(self, arm: Arm, seed: int) -> list[dict[str, Any]] | None:
        """All searches of an arm, None while one is missing."""
        found = [read(self._path(arm, net, seed)) for net in arm.nets]
        done = [search for search in found if search is not None]
        return done if len(done) == len(found) else None

    def _architectures(self, arm: Arm, seed: int) -> Iterator[Architecture]:
        for stage in members_of(self._found(arm, seed) or []):
            yield Architecture.from_json(stage["architecture"])

    def _family(self, arm: Arm, seed: int) -> dict[str, Any]:
        searches = self._found(arm, seed) or []
        trained = [self._job(net, seed).cost or {} for net in arm.nets]
        folder = self.folder / "retrained"
        members = [
            {
                "budget": stage["budget"],
                "macs": stage["macs"],
                "score": stage["score"],
                "accuracies": retrained(folder, Architecture.from_json(stage["architecture"])),
                "architecture": stage["architecture"],
            }
            for stage in members_of(searches)
        ]
        cost = {
            "training": sum(each["device_seconds"] for each in trained),
            "images": sum(each["images"] for each in trained),
            "searching": sum(each["cost"]["device_seconds"] for each in searches),
            "evaluations": sum(each["cost"]["networks"] for each in searches),
            "images_scored": sum(each["cost"]["images"] for each in searches),
        }
        return {"arm": arm.name, "seed": seed, "cost": cost, "members": members}


def _shortened(recipe: Recipe, share: float) -> Recipe:
    if share == 1:
        return recipe
    if recipe.steps is not None:
        return replace(recipe, steps=max(1, round(recipe.steps * share)))
    assert recipe.epochs is not None
    return replace(recipe, epochs=recipe.epochs * share)


def _config(options: argparse.Namespace) -> Config:
    """The demo's, with shorter trainings where they are asked for."""
    layers: list[dict[str, Any]] = [read_preset("demo"), {"dataset": {"limit": options.limit}}]
    lengths = {"supernet": options.supernet_epochs, "retrain": options.epochs}
    for part, epochs in lengths.items():
        if options.steps is not None:
            batch = min(128, (options.limit or 1000) // 4)
            layers.append({part: {"recipe": {"steps": options.steps, "batch_size": batch}}})
        elif epochs is not None:
            layers.append({part: {"recipe": {"epochs": epochs}}})
    names = ("num_bases", "rounds", "population", "generations", "strategies")
    given = {name: getattr(options, name) for name in names}
    search = {name: value for name, value in given.items() if value is not None}
    return resolve(*layers, {"search": search})


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    made = parser(__doc__, out=Path("runs") / "independent")
    made.add_argument("--search-seeds", type=count, default=3, help="supernets and searches")
    made.add_argument("--seeds", type=count, default=1, help="retrainings of every member")
    made.add_argument("--supernet-epochs", type=above_zero, help="instead of the demo's")
    made.add_argument("--epochs", type=above_zero, help="of retraining, instead of the demo's")
    for name in ("num-bases", "rounds", "population", "generations", "strategies"):
        made.add_argument(f"--{name}", type=positive, help="of the search, instead of the demo's")
    made.add_argument("--limit", type=positive, help="images of each split, for a smoke test")
    made.add_argument("--steps", type=positive, help="of every training, for a smoke test")
    add_workers(made)
    return made.parse_args(arguments)


if __name__ == "__main__":
    command(main)
