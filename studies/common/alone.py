"""Networks trained alone, from scratch: one result file for each with a seed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from common.files import SEEDS, read
from common.lab import Architecture, Recipe, RetrainJob, cost


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A network and a training's seed. Equal networks of several arms are one unit."""

    architecture: Architecture
    seed: int
    learning_rate: float | None = None

    @property
    def name(self) -> str:
        rate = "" if self.learning_rate is None else f"-rate{self.learning_rate:g}"
        return f"{self.architecture.key}{rate}-seed{self.seed}"

    def result(self, folder: Path) -> dict[str, Any] | None:
        """What came out, None while it is not done."""
        return read(folder / f"{self.name}.json")

    def job(self, folder: Path, recipe: Recipe) -> RetrainJob:
        """The training, by the recipe at the unit's own rate if it has one."""
        if self.learning_rate is not None:
            recipe = replace(recipe, learning_rate=self.learning_rate)
        name, network = self.name, self.architecture
        return RetrainJob(
            name=name, architecture=network, recipe=recipe, seed=self.seed, folder=folder / name
        )


def units(architectures: Iterable[Architecture], seed: int) -> list[Unit]:
    """Networks that are trained with one seed."""
    return [Unit(architecture=architecture, seed=seed) for architecture in architectures]


def results(
    folder: Path, architecture: Architecture, seeds: Sequence[int] = SEEDS
) -> dict[int, dict[str, Any]]:
    """A network's finished trainings by seed."""
    found = {s: Unit(architecture=architecture, seed=s).result(folder) for s in seeds}
    return {seed: result for seed, result in found.items() if result is not None}


def described(architecture: Architecture, *names: str) -> dict[str, Any]:
    """What result files say of a network, by name."""
    known = asdict(cost.of(architecture)) | {
        "resolution": architecture.resolution,
        "stem": architecture.stem.width,
        "widths": architecture.widths,
        "depths": architecture.depths,
        "architecture": architecture.to_json(),
    }
    return {name: known[name] for name in names}


def accuracies(
    folder: Path, architecture: Architecture, seeds: Sequence[int] = SEEDS
) -> dict[int, float]:
    """Accuracies of a network's finished trainings by seed."""
    return {s: float(each["accuracy"]) for s, each in results(folder, architecture, seeds).items()}
