"""Retraining from scratch: one result file per network and seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from common.files import SEEDS, read
from common.progress import Say, describe
from escalade.artefacts.files import write_json
from escalade.config.recipe import Recipe
from escalade.core.network.architecture import Architecture
from escalade.data import ImageData
from escalade.evaluate.path_meter import EvaluationSettings
from escalade.family.trainings.alone import RetrainJob
from escalade.family.trainings.side_by_side import retrain_all
from escalade.train.runtime import Runtime


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A network and a retraining seed. Equal networks of several arms are one unit."""

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


def retrain(
    units: Iterable[Unit],
    folder: Path,
    *,
    recipe: Recipe,
    data: ImageData,
    num_workers: int,
    say: Say,
    device: str = "cpu",
    done: Callable[[Unit], None] = lambda unit: None,
) -> None:
    """Train what is not trained yet, `num_workers` side by side: a thread each, or a GPU for all.

    Every network is scored once, at its end, on the data's search split; what that split is, is
    the caller's choice (the judge images, or for the tuning of the recipe the search images).
    """
    waiting = {u.name: u for u in units if u.result(folder) is None}
    if not waiting:
        return
    jobs = [_job(unit, folder, recipe) for unit in waiting.values()]
    num = min(1024, len(data.train))
    finished = retrain_all(
        jobs,
        data=data,
        runtime=Runtime(device=device),
        settings=EvaluationSettings(num_recalibration=num, recalibration_batch=min(128, num)),
        num_workers=num_workers,
        progress=lambda name, progress: say(describe(name, progress)),
    )
    for job, made in finished:
        unit = waiting[job.name]
        write_json(
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
        done(unit)


def retrained(folder: Path, architecture: Architecture) -> list[float]:
    """Accuracies of a network's finished retrainings, in the order of seeds."""
    results = (Unit(architecture=architecture, seed=seed).result(folder) for seed in SEEDS)
    return [float(result["accuracy"]) for result in results if result is not None]


def _job(unit: Unit, folder: Path, recipe: Recipe) -> RetrainJob:
    if unit.learning_rate is not None:
        recipe = replace(recipe, learning_rate=unit.learning_rate)
    return RetrainJob(
        name=unit.name,
        architecture=unit.architecture,
        recipe=recipe,
        seed=unit.seed,
        folder=folder / unit.name,
    )
