"""Scaled against searched: random networks of a design space, and the best one (section 6.4).

At the base budget and at the target a few random networks are trained shortly and scored on the
search images. The best at the base budget is scaled to the target (hybrid scaling); the best at the
target is there already.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from accuracy_study.bases import REGNET_Z
from accuracy_study.setting import FAST, MAIN, Setting, budget, scaled
from common.bench import Bench
from common.files import read
from common.retraining import Unit
from escalade.artefacts.files import write_json
from escalade.core.network.architecture import Architecture
from escalade.core.space.space import Space
from escalade.search import RandomModels
from escalade.spaces.load import load
from runtime_study.setting import Scaled

SPACES = ("regnet_z_small", "regnet_y_small")
SCALED_BY = (FAST, "dwr")
SEARCHED = "searched"


@dataclass(frozen=True, kw_only=True)
class Search:
    """A random search of a space at a factor times the RegNetZ-like base's macs."""

    space: str
    factor: float
    seed: int

    def path(self, folder: Path) -> Path:
        return folder / "searches" / f"{self.space}-{self.factor:g}-seed{self.seed}.json"

    def result(self, folder: Path) -> dict[str, Any] | None:
        """search.json's content and what the search cost, None while it is not done."""
        return read(self.path(folder))

    def run(self, setting: Setting, folder: Path, bench: Bench) -> None:
        """Train and score the networks that are not yet; write the result."""
        if self.result(folder) is not None:
            return
        bench = replace(bench, judge=bench.data.search)
        space = _space(self.space)
        searcher = RandomModels(
            space,
            budget=budget(REGNET_Z, self.factor),
            seed=self.seed,
            num_images=len(bench.data.search),
            num_models=setting.num_models,
        )
        results: list[dict[str, Any]] = []
        while len(asked := searcher.ask()):
            drawn = [path.architecture for path in space.paths(asked)]
            units = [Unit(architecture=architecture, seed=self.seed) for architecture in drawn]
            bench.retrain(units, folder / "short", setting.short)
            results += [unit.result(folder / "short") or {} for unit in units]
            searcher.tell(np.array([result["accuracy"] for result in results]))
        seconds = sum(result["device_seconds"] for result in results)
        found = searcher.result().to_json() | {"device_seconds": seconds}
        write_json(self.path(folder), found)


def searches(seed: int, *, factor: float = MAIN) -> list[Search]:
    """The searches that a hybrid and a direct search need, by space."""
    return [Search(space=space, factor=at, seed=seed) for space in SPACES for at in (1.0, factor)]


def entries(folder: Path, seed: int, *, factor: float = MAIN) -> Iterator[Scaled]:
    """The searched networks, and the small ones scaled, as far as searches are finished."""
    for search in searches(seed, factor=factor):
        found = search.result(folder)
        if found is None:
            continue
        best = Architecture.from_json(found["stages"][0]["architecture"])
        name = f"{search.space}-{seed}"
        yield Scaled(base=name, rule=SEARCHED, factor=search.factor, architecture=best)
        if search.factor == 1:
            for rule in SCALED_BY:
                made = scaled(best, rule=rule, target=budget(REGNET_Z, factor).target)
                yield Scaled(base=name, rule=rule, factor=factor, architecture=made)


def _space(name: str) -> Space:
    space = load(name)
    return space.with_data(in_channels=1, num_classes=10)
