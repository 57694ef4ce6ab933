"""Scaled against searched: random networks of a design space, and the best one (section 6.4).

At the base budget and at the target a few random networks are trained shortly and scored on the
search images. The best at the base budget is scaled to the target (hybrid scaling); the best at the
target is there already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from accuracy_study.bases import REGNET_Z
from accuracy_study.setting import FAST, MAIN, Setting, budget, scaled
from common import lab
from common.alone import units
from common.bench import Bench
from common.files import once, read
from common.lab import Architecture
from common.times import Scaled

SPACES = ("regnet_z_small", "regnet_y_small")
SCALED_BY = (FAST, "dwr")
SEARCHED = "searched"


@dataclass(frozen=True, kw_only=True)
class Search:
    """A random search of a space at a factor times the RegNetZ-like base's macs."""

    space: str
    factor: float
    seed: int

    def result(self, folder: Path) -> dict[str, Any] | None:
        """search.json's content and what the search cost, None while it is not done."""
        return read(self._path(folder))

    def run(self, setting: Setting, folder: Path, bench: Bench) -> None:
        """Train and score, on the bench's images, the networks that are not yet; find the best."""
        once(self._path(folder), lambda: self._run(setting, folder / "short", bench))

    def _run(self, setting: Setting, folder: Path, bench: Bench) -> dict[str, Any]:
        space = lab.design_space(self.space)
        searcher = lab.search.RandomModels(
            space,
            budget=budget(REGNET_Z, self.factor),
            seed=self.seed,
            num_images=len(bench.data.search),
            num_models=setting.num_models,
        )
        recipe = setting.recipe(setting.short_epochs, setting.learning_rate)
        results: list[dict[str, Any]] = []
        while len(asked := searcher.ask()):
            drawn = units((path.architecture for path in space.paths(asked)), self.seed)
            bench.train_alone(drawn, folder, recipe)
            results += [unit.result(folder) or {} for unit in drawn]
            searcher.tell(np.array([result["accuracy"] for result in results]))
        seconds = sum(result["device_seconds"] for result in results)
        found: dict[str, Any] = lab.encode(searcher.result())
        return found | {"device_seconds": seconds}

    def _path(self, folder: Path) -> Path:
        return folder / "searches" / f"{self.space}-{self.factor:g}-seed{self.seed}.json"


def searches(seed: int) -> list[Search]:
    """The searches that a hybrid and a direct search need, by space."""
    return [Search(space=space, factor=at, seed=seed) for space in SPACES for at in (1.0, MAIN)]


def entries(folder: Path, seed: int) -> Iterator[Scaled]:
    """The searched networks, and the small ones scaled, as far as searches are finished."""
    for search in searches(seed):
        found = search.result(folder)
        if found is None:
            continue
        best = Architecture.from_json(found["stages"][0]["architecture"])
        name = f"{search.space}-{seed}"
        yield Scaled(base=name, rule=SEARCHED, factor=search.factor, architecture=best)
        for rule in SCALED_BY if search.factor == 1 else ():
            made = scaled(best, rule=rule, target=budget(REGNET_Z, MAIN).target)
            yield Scaled(base=name, rule=rule, factor=MAIN, architecture=made)
