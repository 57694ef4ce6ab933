"""Evaluation batches kept once per resolution, up to a limit of memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable

import torch
from torch import Tensor

from escalade.data.split import Split
from escalade.evaluate.score import image_batches

FLOAT_BYTES = 4
Pairs = list[tuple[Tensor, Tensor]]


class BatchCache:
    """A split's normalised batches, kept for the resolutions used last.

    Args:
        split: the images.
        batch_size: images a batch.
        mean, std: of the training images.
        device: where the batches go.
        max_bytes: what all kept batches may take; larger ones are made anew each time.
    """

    def __init__(
        self,
        split: Split,
        *,
        batch_size: int,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        device: torch.device,
        max_bytes: int,
    ) -> None:
        self._split = split
        self._batch_size = batch_size
        self._mean = mean
        self._std = std
        self._device = device
        self._max_bytes = max_bytes
        self._kept: OrderedDict[int, Pairs] = OrderedDict()

    def at(self, resolution: int) -> Iterable[tuple[Tensor, Tensor]]:
        """The batches at a resolution, in the split's order."""
        if resolution in self._kept:
            self._kept.move_to_end(resolution)
            return self._kept[resolution]
        batches = image_batches(
            self._split,
            resolution=resolution,
            mean=self._mean,
            std=self._std,
            device=self._device,
            batch_size=self._batch_size,
        )
        if self._num_bytes(resolution) > self._max_bytes:
            return batches
        while sum(map(self._num_bytes, [*self._kept, resolution])) > self._max_bytes:
            self._kept.popitem(last=False)
        self._kept[resolution] = list(batches)
        return self._kept[resolution]

    def _num_bytes(self, resolution: int) -> int:
        return len(self._split) * len(self._mean) * resolution**2 * FLOAT_BYTES
