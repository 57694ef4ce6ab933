"""Batches: for training as a pure function of the step, for evaluation in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from escalade.core.numbers.seeds import generator
from escalade.data.batching.augmenting import (
    POLICIES,
    BatchPart,
    auto_augment,
    padded_crop,
    resized_crop,
)
from escalade.data.batching.epoch_order import EpochOrder, EqualClasses, Shuffled
from escalade.data.batching.rows_ahead import RowsAhead
from escalade.data.splits.split import Split


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """What is done to training images.

    Attributes:
        padding: zeros on each side before a random crop; 0 for no crop.
        random_resized_crop: crop a random box and resize it back, for larger images.
        auto_augment: AutoAugment's policy, done after the crop, or None.
    """

    padding: int = 0
    flip: bool = False
    random_resized_crop: bool = False
    auto_augment: str | None = None

    def __post_init__(self) -> None:
        if self.padding < 0:
            raise ValueError(f"padding: {self.padding} is negative")
        if self.padding and self.random_resized_crop:
            raise ValueError("random_resized_crop: it is a crop already; use it with padding 0")
        if self.auto_augment not in (None, *POLICIES):
            raise ValueError(
                f"auto_augment: {self.auto_augment!r} is not known; use {', '.join(POLICIES)}"
            )


class TrainBatches:
    """Augmented training batches by step number, for ever.

    `at(step)` depends on nothing but its argument and what was given here: each epoch's order
    comes from the seed and the epoch, crops and flips from the seed and the step. So a resumed
    run needs no state. The last, partial batch of an epoch is dropped.

    Args:
        seed: of order and augmentation.
        equal_classes: show every class equally often instead of every image once an epoch.
        num_crops: crops of each image; with more than one, they stand in a second dimension.
        part: the images of every batch that are made here; None makes all.
        resident_bytes: a split of at most so many moves to the device, once; of a larger one, and
            of one that is not in memory, rows are gathered one batch ahead.

    Raises:
        ValueError: if the split has less than one batch, or there would be no crop.
    """

    def __init__(
        self,
        split: Split,
        *,
        batch_size: int,
        seed: int,
        augmentation: Augmentation,
        equal_classes: bool = False,
        device: str | torch.device = "cpu",
        num_crops: int = 1,
        part: BatchPart | None = None,
        resident_bytes: int = 0,
    ) -> None:
        if num_crops < 1:
            raise ValueError(f"num_crops: {num_crops} is not positive")
        if not 1 <= batch_size <= len(split):
            raise ValueError(
                f"batch_size: {batch_size} is outside 1..{len(split)}, the training images given"
            )
        self.num_per_epoch = len(split) // batch_size
        self.batch_size = batch_size
        self.part = part or BatchPart.whole(batch_size)
        self._seed = seed
        self._augmentation = augmentation
        self._num_crops = num_crops
        self._order: EpochOrder = Shuffled(len(split), seed=seed)
        if equal_classes:
            num = self.num_per_epoch * batch_size
            self._order = EqualClasses(split.labels, num=num, seed=seed)
        self._ordered = (-1, torch.empty(0, dtype=torch.int64))  # the epoch last asked for
        device = torch.device(device)
        is_host = device.type == "cpu"
        moves = not is_host and split.num_bytes <= resident_bytes
        self._split = split.to(device) if moves else split
        self._ahead: RowsAhead | None = None
        if not moves and (split.is_mapped or not is_host):
            num = len(self.part)
            self._ahead = RowsAhead(split, rows=self._rows, num=num, device=device)

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """The batch of a step, or the part of it that is made here.

        Returns:
            uint8 images (B, C, S, S), or (B, crops, C, S, S) with several crops, and int64 labels
            (B,), on the device; they may be other images after the next call.
        """
        images, labels = self._taken(step)
        if self._num_crops == 1:
            return self._augmented(images, step), labels
        crops = [self._augmented(images, step, crop) for crop in range(self._num_crops)]
        return torch.stack(crops, dim=1), labels

    def _taken(self, step: int) -> tuple[Tensor, Tensor]:
        if self._ahead is not None:
            return self._ahead.at(step)
        return self._split.take(self._rows(step).to(self._split.labels.device))

    def _rows(self, step: int) -> Tensor:
        """Which images of the split a batch has, of those that are made here."""
        epoch, place = divmod(step, self.num_per_epoch)
        start = place * self.batch_size
        return self._epoch_order(epoch)[start + self.part.start : start + self.part.stop]

    def _augmented(self, images: Tensor, step: int, crop: int = 0) -> Tensor:
        """A crop of every image; the first is the same however many there are."""
        stream = (step, crop) if crop else (step,)
        rng = generator(self._seed, "augmentation", *stream)
        kind, part = self._augmentation, self.part
        if kind.random_resized_crop:
            images = resized_crop(images, flip=kind.flip, rng=rng, part=part)
        elif kind.padding or kind.flip:
            images = padded_crop(images, padding=kind.padding, flip=kind.flip, rng=rng, part=part)
        if kind.auto_augment is not None:
            rng = generator(self._seed, "auto_augment", *stream)
            images = auto_augment(images, policy=kind.auto_augment, rng=rng, part=part)
        return images

    def _epoch_order(self, epoch: int) -> Tensor:
        if self._ordered[0] != epoch:
            self._ordered = (epoch, self._order.of(epoch))
        return self._ordered[1]


def prepare(
    images: Tensor,
    *,
    resolution: int,
    mean: Sequence[float],
    std: Sequence[float],
) -> Tensor:
    """Resize (bilinear with antialias) and normalise a batch.

    Args:
        images: (B, C, S, S) in 0..255, uint8 or float.
        resolution: side of the result.
        mean: per channel, in 0..1 units.
        std: per channel, in 0..1 units.

    Returns:
        (B, C, resolution, resolution) in float32, channels last.
    """
    values = images.to(torch.float32)
    if images.shape[-1] != resolution:
        values = F.interpolate(
            values, size=(resolution, resolution), mode="bilinear", antialias=True
        )
    elif values is images:
        values = images.clone()
    values = values.to(memory_format=torch.channels_last)
    scale = torch.tensor(std, dtype=torch.float64).reciprocal()
    shift = -torch.tensor(mean, dtype=torch.float64) * scale
    scale, shift = (
        value.to(values.device, torch.float32).view(1, -1, 1, 1) for value in (scale / 255, shift)
    )
    return values.mul_(scale).add_(shift)


def evaluation_batches(
    split: Split,
    *,
    resolution: int,
    mean: Sequence[float],
    std: Sequence[float],
    batch_size: int,
    device: str | torch.device = "cpu",
) -> Iterator[tuple[Tensor, Tensor]]:
    """All images of a split at one resolution, in order; the last batch may be smaller.

    Yields:
        float32 images as `prepare` makes them, and int64 labels, on the device.
    """
    for rows in torch.split(torch.arange(len(split)), batch_size):
        images, labels = split.take(rows)
        ready = prepare(images.to(device), resolution=resolution, mean=mean, std=std)
        yield ready, labels.to(device)
