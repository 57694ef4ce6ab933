"""Accuracy of a network on a split."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from escalade.core.numbers.class_counts import ClassCounts
from escalade.core.numbers.statistics import wilson_interval
from escalade.data.batches import prepare
from escalade.data.image_data import ImageData
from escalade.data.split import Split
from escalade.evaluate.store_rows import ScoreRow
from escalade.train.runtime import Runtime

BATCH_SIZE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Images classified correctly, among how many."""

    num_correct: int
    num_images: int

    @property
    def accuracy(self) -> float:
        """In [0, 1]."""
        return self.num_correct / self.num_images

    @property
    def standard_error(self) -> float:
        """Binomial standard error of the accuracy."""
        return math.sqrt(self.accuracy * (1 - self.accuracy) / self.num_images)

    @property
    def interval(self) -> tuple[float, float]:
        """Where the accuracy lies with 95 % confidence, also at 0 and 1."""
        return wilson_interval(self.accuracy, num_images=self.num_images)

    def in_words(self) -> str:
        """91.20% (89.1 to 92.9%) on 1,000 images."""
        low, high = self.interval
        return f"{self.accuracy:.2%} ({100 * low:.1f} to {high:.1%}) on {self.num_images:,} images"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """Images of each class classified correctly, among how many."""

    counts: ClassCounts
    correct: tuple[int, ...]

    @property
    def total(self) -> Score:
        """Over all classes."""
        return Score(num_correct=sum(self.correct), num_images=self.counts.total)

    @property
    def balanced(self) -> float | None:
        """Mean recall of the classes, in [0, 1]."""
        return self.counts.balanced(self.correct)


def stored(row: ScoreRow) -> Score:
    """The accuracy that a row of the evaluation store holds.

    Raises:
        ValueError: if its score is no share of images.
    """
    if row.count is None:
        raise ValueError(f"evaluations: the score of {row.path} is no number of right images")
    return Score(num_correct=row.count, num_images=row.num_images)


def accuracy(
    network: nn.Module,
    split: Split,
    *,
    resolution: int,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    runtime: Runtime,
    batch_size: int = BATCH_SIZE,
) -> Score:
    """Score a finished network on a split, in evaluation mode.

    Args:
        network: on the runtime's device, batch norm statistics set.
        split: the images; none of them are changed or seen by training here.
        resolution: side that the images are resized to.
        mean, std: of the training images, in 0..1 units.
        runtime: device and precision.
        batch_size: images at a time.
    """
    network.eval()
    batches = image_batches(
        split,
        resolution=resolution,
        mean=mean,
        std=std,
        device=runtime.device,
        batch_size=batch_size,
    )
    num_correct = count_correct(network, batches, autocast=runtime.autocast)
    return Score(num_correct=num_correct, num_images=len(split))


def score_by_class(
    network: nn.Module, data: ImageData, *, resolution: int, runtime: Runtime
) -> ClassScore:
    """Score a finished network on the test split, class by class.

    Args:
        network: on the runtime's device, batch norm statistics set.
        data: whose test images are looked at.
        resolution: side that the images are resized to.
        runtime: device and precision.
    """
    network.eval()
    batches = image_batches(
        data.test,
        resolution=resolution,
        mean=data.mean,
        std=data.std,
        device=runtime.device,
        batch_size=BATCH_SIZE,
    )
    found = _found(network, batches, autocast=runtime.autocast)
    correct = sum(
        (torch.bincount(each, minlength=data.num_classes) for each in found),
        torch.zeros(data.num_classes, dtype=torch.int64, device=runtime.device),
    )
    return ClassScore(counts=data.counts(data.test), correct=tuple(correct.tolist()))


def image_batches(
    split: Split,
    *,
    resolution: int,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    device: torch.device,
    batch_size: int,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Normalised images and labels, batch by batch, in the split's order."""
    for start in range(0, len(split), batch_size):
        rows = torch.arange(start, min(start + batch_size, len(split)))
        images, labels = split.take(rows)
        images = prepare(images.to(device), resolution=resolution, mean=mean, std=std)
        yield images, labels.to(device)


def count_correct(
    network: Callable[[Tensor], Tensor],
    batches: Iterable[tuple[Tensor, Tensor]],
    *,
    autocast: Callable[[], AbstractContextManager[Any]],
) -> int:
    """Images whose largest logit is their label's."""
    (count,) = count_each(lambda images: [network(images)], batches, autocast=autocast)
    return count


@torch.inference_mode()
def count_each(
    networks: Callable[[Tensor], Sequence[Tensor]],
    batches: Iterable[tuple[Tensor, Tensor]],
    *,
    autocast: Callable[[], AbstractContextManager[Any]],
) -> list[int]:
    """Images whose largest logit is their label's, for each of the networks that give logits."""
    counts = []
    for images, labels in batches:
        with autocast():
            each = networks(images)
        counts.append(torch.stack([(one.argmax(dim=1) == labels).sum() for one in each]))
    found: list[int] = torch.stack(counts).sum(0).tolist()
    return found


@torch.inference_mode()
def _found(
    network: Callable[[Tensor], Tensor],
    batches: Iterable[tuple[Tensor, Tensor]],
    *,
    autocast: Callable[[], AbstractContextManager[Any]],
) -> list[Tensor]:
    """Labels of the images, batch by batch, whose largest logit is their label's."""
    found = []
    for images, labels in batches:
        with autocast():
            logits = network(images)
        found.append(labels[logits.argmax(dim=1) == labels])
    return found
