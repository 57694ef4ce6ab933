"""Networks trained alone, from scratch: one result file for each with a seed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from common import lab
from common.files import SEEDS, read
from common.lab import Architecture, Recipe
from common.progress import Say, describe

NUM_RECALIBRATION = 1024  # training images that set batch norm statistics at the end


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


def units(architectures: Iterable[Architecture], seed: int) -> list[Unit]:
    """Networks that are trained with one seed."""
    return [Unit(architecture=architecture, seed=seed) for architecture in architectures]


def results(
    folder: Path, architecture: Architecture, seeds: Sequence[int] = SEEDS
) -> dict[int, dict[str, Any]]:
    """A network's finished trainings by seed."""
    found = {s: Unit(architecture=architecture, seed=s).result(folder) for s in seeds}
    return {seed: result for seed, result in found.items() if result is not None}


def accuracies(
    folder: Path, architecture: Architecture, seeds: Sequence[int] = SEEDS
) -> dict[int, float]:
    """Accuracies of a network's finished trainings by seed."""
    found = results(folder, architecture, seeds)
    return {seed: float(result["accuracy"]) for seed, result in found.items()}


def train_alone(
    units: Iterable[Unit],
    folder: Path,
    *,
    recipe: Recipe,
    data: lab.ImageData,
    num_workers: int,
    say: Say,
    device: str = "cpu",
) -> None:
    """Train what is not trained yet, `num_workers` side by side: a thread each, or a GPU for all.

    Every network is scored once, at its end, on the data's search split; what that split is, is
    the caller's choice (the judge images, or for the tuning of the recipe the search images).
    """
    waiting = {unit.name: unit for unit in units if unit.result(folder) is None}
    if not waiting:
        return
    finished = lab.retrain_all(
        [_job(unit, folder, recipe) for unit in waiting.values()],
        data=data,
        runtime=lab.Runtime(device=device),
        settings=lab.evaluation_settings(NUM_RECALIBRATION, data),
        num_workers=num_workers,
        progress=lambda name, progress: say(describe(name, progress)),
    )
    for job, made in finished:
        unit = waiting[job.name]
        lab.write_json(
            folder / f"{unit.name}.json",
            {
                "accuracy": made.search.accuracy,
                "num_images": made.search.num_images,
                "seed": unit.seed,
                "device_seconds": made.seconds,
                "num_steps": made.num_steps,
                "architecture": unit.architecture.to_json(),
            },
        )
        (job.folder / "checkpoint.pt").unlink(missing_ok=True)
        said = f"{made.search.accuracy:.2%}, {made.seconds:.0f} s"
        print(f"{folder.name}: {unit.name}, {said}", flush=True)


def _job(unit: Unit, folder: Path, recipe: Recipe) -> lab.RetrainJob:
    if unit.learning_rate is not None:
        recipe = replace(recipe, learning_rate=unit.learning_rate)
    return lab.RetrainJob(
        name=unit.name,
        architecture=unit.architecture,
        recipe=recipe,
        seed=unit.seed,
        folder=folder / unit.name,
    )
