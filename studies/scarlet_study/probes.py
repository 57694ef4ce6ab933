"""Looks at a supernet while it trains: the accuracy of the same networks each time (Fig. 1)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from common import lab
from common.files import read
from common.images import leading
from common.lab import Architecture, Batch, ImageData, Runtime, Split, Step, Supernet

CACHE_BYTES = 1 << 28


class Probed:
    """A training step that notes, before some of the steps, how good given networks are by then.

    As in Fig. 1 on training images, here without augmentation and each network with batch norm
    statistics of its own. A look is written at once, so a training that is taken up again goes on
    with the list. The last look is due after the training (`Bench.score`).

    Args:
        step: how the supernet trains.
        supernet: looked at, never changed.
        networks: what their paths run.
        due: the steps before which there is a look.
        data: whose leading training images set the statistics.
        images: score.
        num_recalibration: how many set the statistics.
        file: the list of looks, by step.
        runtime: where the supernet trains.
    """

    def __init__(
        self,
        step: Step,
        *,
        supernet: Supernet,
        networks: Sequence[Architecture],
        due: Collection[int],
        data: ImageData,
        images: Split,
        num_recalibration: int,
        file: Path,
        runtime: Runtime,
    ) -> None:
        self._step = step
        self._supernet = supernet
        self._networks = networks
        self._due = set(due) - {0}
        self._data = data
        self._images = images
        self._num_recalibration = num_recalibration
        self._file = file
        self._runtime = runtime

    def __call__(self, batch: Batch) -> Tensor:
        if batch.step in self._due:
            known: dict[str, Any] = read(self._file) or {}
            lab.write_json(self._file, known | {str(batch.step): self._look()})
        return self._step(batch)

    def _look(self) -> list[float]:
        """Accuracies of all networks."""
        settings = lab.evaluation_settings(self._num_recalibration, self._data)
        recalibration = leading(self._data.train, settings.num_recalibration)
        splits = {"recalibration": recalibration, "search": self._images}
        work = lab.MeasurePaths(
            supernet=self._supernet,
            splits=splits,
            settings=settings,
            mean=self._data.mean,
            std=self._data.std,
            device=str(self._runtime.device),
            cache_bytes=CACHE_BYTES,
        )
        meter = lab.PathMeter(work, splits)
        right = [meter.measure(network).num_correct for network in self._networks]
        return [num / len(self._images) for num in right]


def looks(file: Path) -> dict[int, list[float]]:
    """Accuracies of all networks by step, rising."""
    known = read(file) or {}
    return {int(step): known[step] for step in sorted(known, key=int)}
