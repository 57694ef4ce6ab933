"""Looks at a supernet while it trains: the accuracy of the same networks each time (Fig. 1)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from torch import Tensor

from common import lab
from common.files import read
from common.images import leading
from common.lab import Architecture, ImageData, Runtime, Split, Supernet

CACHE_BYTES = 1 << 28


class Probed:
    """A training step that notes, before some of the steps, how good given networks are by then.

    A look is written at once, so a training that is taken up again goes on with the list. The last
    look is due after the training (`Bench.score`).

    Args:
        step: how the supernet trains.
        due: the steps before which there is a look.
        look: accuracies of the networks; changes nothing.
        file: the list of looks, by step.
    """

    def __init__(
        self,
        step: lab.Step,
        *,
        due: Collection[int],
        look: Callable[[], list[float]],
        file: Path,
    ) -> None:
        self._step, self._due, self._look, self._file = step, set(due) - {0}, look, file

    def __call__(self, batch: lab.Batch) -> Tensor:
        if batch.step in self._due:
            known = read(self._file) or {}
            lab.write_json(self._file, known | {str(batch.step): self._look()})
        return self._step(batch)


def accuracies_now(
    supernet: Supernet,
    networks: Sequence[Architecture],
    *,
    data: ImageData,
    images: Split,
    num_recalibration: int,
    runtime: Runtime,
) -> list[float]:
    """As in Fig. 1 on training images, here without augmentation, each by statistics of its own."""
    settings = lab.evaluation_settings(num_recalibration, data)
    recalibration = leading(data.train, settings.num_recalibration)
    splits = {"recalibration": recalibration, "search": images}
    work = lab.measure.MeasurePaths(
        supernet=supernet,
        splits=splits,
        settings=settings,
        mean=data.mean,
        std=data.std,
        device=str(runtime.device),
        folder=None,
        cache_bytes=CACHE_BYTES,
    )
    meter = lab.measure.PathMeter(work, splits)
    link = lab.Link(should_stop=lambda: False, report=lambda _: None)
    measured = [each for network in networks for each in meter.measure([network], link)]
    return [each.num_correct / len(images) for each in measured]


def looks(file: Path) -> list[list[float]]:
    """Accuracies of all networks, look by look."""
    known = read(file) or {}
    return [known[step] for step in sorted(known, key=int)]
