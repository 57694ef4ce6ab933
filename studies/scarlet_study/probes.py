"""Looks at a supernet while it trains: the accuracy of the same networks each time (Fig. 1)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from common.files import read
from common.images import leading
from escalade.artefacts.files import write_json
from escalade.core.network.architecture import Architecture
from escalade.data import ImageData
from escalade.evaluate.path_meter import EvaluationSettings, MeasurePaths, PathMeter
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.runtime import Runtime
from escalade.train.steps import Batch, Step

CACHE_BYTES = 1 << 28


class Probed:
    """A training step that notes, before some of the steps, how good given networks are by then.

    As in Fig. 1 on training images, here without augmentation and each network with batch norm
    statistics of its own. A look is written at once, so a training that is taken up again goes on
    with the list.

    Args:
        step: how the supernet trains.
        supernet: looked at, never changed.
        data: whose training images are scored and set the statistics.
        networks: what their paths run.
        num_steps: of the training.
        num_probes: looks at even distances; the last is due after the training (`Bench.score`).
        num_images: leading training images that score.
        num_recalibration: leading training images that set the statistics.
        file: the list of looks, by step.
        runtime: where the supernet trains.
    """

    def __init__(
        self,
        step: Step,
        *,
        supernet: SharedWeights,
        data: ImageData,
        networks: Sequence[Architecture],
        num_steps: int,
        num_probes: int,
        num_images: int,
        num_recalibration: int,
        file: Path,
        runtime: Runtime,
    ) -> None:
        self._step = step
        self._supernet = supernet
        self._data = data
        self._networks = networks
        self._due = {round(i * num_steps / num_probes) for i in range(1, num_probes)} - {0}
        self._num_images = min(num_images, len(data.train))
        self._settings = settings(min(num_recalibration, len(data.train)))
        self._file = file
        self._runtime = runtime

    def __call__(self, batch: Batch) -> Tensor:
        if batch.step in self._due:
            self._look(batch.step)
        return self._step(batch)

    def _look(self, step: int) -> None:
        images = leading(self._data.train, self._num_images)
        splits = {
            "recalibration": leading(self._data.train, self._settings.num_recalibration),
            "search": images,
        }
        work = MeasurePaths(
            supernet=self._supernet,
            splits=splits,
            settings=self._settings,
            mean=self._data.mean,
            std=self._data.std,
            device=str(self._runtime.device),
            cache_bytes=CACHE_BYTES,
        )
        meter = PathMeter(work, splits)
        accuracies = [meter.measure(each).num_correct / len(images) for each in self._networks]
        known: dict[str, Any] = read(self._file) or {}
        known[str(step)] = accuracies
        write_json(self._file, known)


def settings(num_recalibration: int) -> EvaluationSettings:
    """How networks are scored, as `Bench` does it."""
    return EvaluationSettings(
        num_recalibration=num_recalibration, recalibration_batch=min(128, num_recalibration)
    )


def looks(file: Path) -> dict[int, list[float]]:
    """Accuracies of all networks by step, rising."""
    known = read(file) or {}
    return {int(step): known[step] for step in sorted(known, key=int)}
