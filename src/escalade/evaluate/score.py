"""The score of a network on a split: its accuracy, or mean average precision of several labels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from escalade.core.numbers import shown
from escalade.core.numbers.class_counts import ClassCounts
from escalade.core.numbers.statistics import (
    CONFIDENT,
    binomial_standard_error,
    wilson_interval,
)
from escalade.data.image_data import ImageData
from escalade.evaluate.rating import ONE, Rating, rating_of
from escalade.evaluate.store_rows import ScoreRow
from escalade.train.runtime import Runtime

BATCH_SIZE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Images classified correctly, among how many; or a score in 0..1 on so many images.

    Attributes:
        num_correct: images classified correctly, a whole number; of images with several labels,
            mean average precision times their number, which is no whole number.
        error: the standard error, where it is known and not that of a share.
    """

    num_correct: float
    num_images: int
    error: float | None = None

    @property
    def accuracy(self) -> float:
        """In [0, 1]."""
        return self.num_correct / self.num_images

    @property
    def standard_error(self) -> float:
        """Binomial standard error of the accuracy, which is not 0 at 0 and 1 either.

        For mean average precision that of a jackknife over images, where a finished network was
        scored; else an estimate: as if each image were right or wrong. It takes the binomial error
        of a class's average precision (Boyd, Eng and Page, 2013) for classes that have about as
        many labels together as there are images.
        """
        if self.error is not None:
            return self.error
        return binomial_standard_error(self.accuracy, num_images=self.num_images)

    @property
    def interval(self) -> tuple[float, float]:
        """Where the accuracy lies with 95 % confidence, also at 0 and 1."""
        if self.error is not None:
            half = CONFIDENT * self.error
            return max(0.0, self.accuracy - half), min(1.0, self.accuracy + half)
        return wilson_interval(self.accuracy, num_images=self.num_images)

    def in_words(self) -> str:
        """91.2 % (89.1 to 92.9) on 1,000 images."""
        return f"{shown.accuracy(self.accuracy, self.interval)} on {self.num_images:,} images"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """Images of each class classified correctly, among how many.

    Attributes:
        correct: of each class; of several labels, its average precision times its images.
        error: of the mean average precision of several labels.
    """

    counts: ClassCounts
    correct: tuple[float, ...]
    error: float | None = None

    @property
    def total(self) -> Score:
        num = self.counts.total
        if self.counts.of_several is None:
            return Score(num_correct=sum(self.correct), num_images=num)
        worth = (self.counts.balanced(self.correct) or 0.0) * num
        return Score(num_correct=worth, num_images=num, error=self.error)

    @property
    def balanced(self) -> float | None:
        """Mean recall of the classes, in [0, 1]; None where the score is a mean of them itself."""
        return None if self.counts.of_several else self.counts.balanced(self.correct)


def stored(row: ScoreRow) -> Score:
    """The score that a row of the evaluation store holds.

    Raises:
        ValueError: if it is neither a share of images nor a value in 0..1.
    """
    if row.count is not None:
        return Score(num_correct=row.count, num_images=row.num_images)
    if not 0 <= row.value <= 1:
        raise ValueError(f"evaluations: the score of {row.path} is not a number of correct images")
    return Score(num_correct=row.value * row.num_images, num_images=row.num_images)


def accuracy(
    network: nn.Module,
    data: ImageData,
    *,
    resolution: int,
    runtime: Runtime,
    batch_size: int = BATCH_SIZE,
) -> Score:
    """Score a finished network on the search split, in evaluation mode.

    Args:
        network: on the runtime's device, batch norm statistics set.
    """
    batches = data.batches(
        data.search, resolution=resolution, batch_size=batch_size, device=runtime.device
    )
    network.eval()
    rating = rating_of(data)
    (marks,), labels = _marks(
        lambda images: [network(images)], batches, autocast=runtime.autocast, rating=rating
    )
    return Score(
        num_correct=rating.worth(marks, labels),
        num_images=len(data.search),
        error=rating.error(marks, labels),
    )


def score_by_class(
    network: nn.Module, data: ImageData, *, resolution: int, runtime: Runtime
) -> ClassScore:
    """Score a finished network on the test split, class by class.

    Args:
        network: on the runtime's device, batch norm statistics set.
    """
    network.eval()
    batches = data.batches(
        data.test, resolution=resolution, batch_size=BATCH_SIZE, device=runtime.device
    )
    rating = rating_of(data)
    (marks,), labels = _marks(
        lambda images: [network(images)], batches, autocast=runtime.autocast, rating=rating
    )
    return ClassScore(
        counts=data.counts(data.test),
        correct=rating.by_class(marks, labels, num_classes=data.num_classes),
        error=rating.error(marks, labels),
    )


def count_correct(
    network: Callable[[Tensor], Tensor],
    batches: Iterable[tuple[Tensor, Tensor]],
    *,
    autocast: Callable[[], AbstractContextManager[Any]],
    rating: Rating = ONE,
) -> float:
    """Images whose largest logit is their label's, or what they are worth by another rating."""
    (count,) = count_each(
        lambda images: [network(images)], batches, autocast=autocast, rating=rating
    )
    return count


def count_each(
    networks: Callable[[Tensor], Sequence[Tensor]],
    batches: Iterable[tuple[Tensor, Tensor]],
    *,
    autocast: Callable[[], AbstractContextManager[Any]],
    rating: Rating = ONE,
) -> list[float]:
    """`count_correct` for each of the networks that give logits."""
    each, labels = _marks(networks, batches, autocast=autocast, rating=rating)
    return [rating.worth(marks, labels) for marks in each]


@torch.inference_mode()
def _marks(
    networks: Callable[[Tensor], Sequence[Tensor]],
    batches: Iterable[tuple[Tensor, Tensor]],
    *,
    autocast: Callable[[], AbstractContextManager[Any]],
    rating: Rating,
) -> tuple[list[Tensor], Tensor]:
    """What a rating keeps of the logits of each network, and the labels of all images."""
    made, known = [], []
    for images, labels in batches:
        with autocast():
            each = networks(images)
        made.append([rating.marks(one, labels) for one in each])
        known.append(labels)
    return [torch.cat(of) for of in zip(*made, strict=True)], torch.cat(known)
