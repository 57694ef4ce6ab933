"""The demo's settings and images, what the arms do with them, and what they found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from common import lab
from common.alone import accuracies
from common.bench import Bench
from common.files import once, plain, read
from common.images import leading
from common.lab import Architecture, Config, Recipe
from common.study import Work
from common.supernets import SUPERNETS, SampledJob
from independent_study.arms import JOINT, Arm, Net, arms, sampler_of, searcher_of
from independent_study.setting import judge_images

RETRAINED = "retrained"


@dataclass(frozen=True, kw_only=True)
class DemoWork(Work):
    """The work with the demo's images; there may be none to judge by."""

    @cached_property
    def config(self) -> Config:
        return self.setting.config

    @cached_property
    def arms(self) -> list[Arm]:
        return arms(len(self.config.budgets))

    @cached_property
    def images(self) -> tuple[lab.ImageData, lab.Split]:
        data = lab.demo_images(self.config)
        none = leading(data.test, 0)
        return replace(data, test=none), judge_images(data, limit=self.setting.limit) or none

    @property
    def seeds(self) -> range:
        """Of supernets and searches."""
        return range(self.options.search_seeds)

    def run(self) -> None:
        """Everything that is not done yet: all supernets, all searches, all retrainings."""
        bench = self.searching
        bench.train(self._job(net, s) for s in self.seeds for arm in self.arms for net in arm.nets)
        for seed in self.seeds:
            for arm in self.arms:
                for net in arm.nets:
                    self._search(bench, arm, net, seed)
        every = (self._found(arm, seed) for seed in self.seeds for arm in self.arms)
        found = [_network(stage) for searches in every for stage in _stages(searches)]
        seeds = range(self.options.seeds if len(self.images[1]) else 0)
        self.retrain(found, RETRAINED, self.config.retrain.recipe, seeds)

    def to_json(self) -> dict[str, Any]:
        """The result file: families of the arms whose searches are finished."""
        families = [
            self._family(arm, seed, found)
            for arm in self.arms
            for seed in self.seeds
            if (found := self._found(arm, seed))
        ]
        return plain({"budgets": list(self.config.budgets), "families": families})

    def _job(self, net: Net, seed: int) -> SampledJob:
        return SampledJob(
            folder=self.folder / SUPERNETS / f"{net.name}-seed{seed}",
            sampling=sampler_of(net, self.config),
            recipe=_shortened(self.config.supernet.recipe, net.share),
            seed=seed,
        )

    def _search(self, bench: Bench, arm: Arm, net: Net, seed: int) -> None:
        """One of an arm's searches, from a store of its own: none profits from another's scores."""
        path, job = self._path(arm, net, seed), self._job(net, seed)
        joint = self._found(self.arms[0], seed)
        num = joint[0]["evaluations"]["distinct"] if joint else 0
        config, images = replace(self.config, seed=seed), len(bench.data.search)

        def search() -> dict[str, Any]:
            searcher = searcher_of(
                arm, net, config, job.space, num_images=images, num_evaluations=num
            )
            return bench.search(searcher, job, store=path.with_suffix(".sqlite"))

        once(path, search)

    def _found(self, arm: Arm, seed: int) -> list[dict[str, Any]]:
        """All searches of an arm, none while one is missing."""
        found = [read(self._path(arm, net, seed)) for net in arm.nets]
        done = [search for search in found if search is not None]
        return done if len(done) == len(found) else []

    def _path(self, arm: Arm, net: Net, seed: int) -> Path:
        name = f"{net.name}-{arm.searcher}" if net.name == JOINT else net.name
        return self.folder / "searches" / f"{name}-seed{seed}.json"

    def _family(self, arm: Arm, seed: int, searches: list[dict[str, Any]]) -> dict[str, Any]:
        trained = [self._job(net, seed).cost or {} for net in arm.nets]
        spent = [search["cost"] for search in searches]
        cost = {
            "training": sum(each["device_seconds"] for each in trained),
            "images": sum(each["images"] for each in trained),
            "searching": sum(each["device_seconds"] for each in spent),
            "evaluations": sum(each["networks"] for each in spent),
            "images_scored": sum(each["images"] for each in spent),
        }
        members = []
        for stage in _stages(searches):
            kept = {name: stage[name] for name in ("budget", "macs", "score", "architecture")}
            judged = accuracies(self.folder / RETRAINED, _network(stage))
            members.append(kept | {"accuracies": list(judged.values())})
        return {"arm": arm.name, "seed": seed, "cost": cost, "members": members}


def _stages(searches: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What an arm's searches found, smallest budget first."""
    return [stage for search in searches for stage in search["stages"]]


def _network(stage: dict[str, Any]) -> Architecture:
    return Architecture.from_json(stage["architecture"])


def _shortened(recipe: Recipe, share: float) -> Recipe:
    if recipe.steps is not None:
        return replace(recipe, steps=max(1, round(recipe.steps * share)))
    return replace(recipe, epochs=(recipe.epochs or 0) * share)
