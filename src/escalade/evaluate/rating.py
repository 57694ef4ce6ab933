"""How logits are scored against labels: images classified rightly, or mean average precision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from escalade.data.image_data import ImageData


class Rating(Protocol):
    """What is kept of a batch's logits, and what all that was kept is worth in images."""

    def marks(self, logits: Tensor, labels: Tensor) -> Tensor:
        """What to keep of a batch: (N, ...)."""
        ...

    def worth(self, marks: Tensor, labels: Tensor) -> float:
        """Of all images together: their number times the score."""
        ...

    def by_class(self, marks: Tensor, labels: Tensor, *, num_classes: int) -> tuple[float, ...]:
        """Of each class: the number of its images times its own score."""
        ...

    def error(self, marks: Tensor, labels: Tensor) -> float | None:
        """The standard error of the score, in 0..1; None where it is that of a share."""
        ...


def rating_of(data: ImageData) -> Rating:
    """By whether images have one label or several."""
    return ONE if data.label_sets is None else RateSeveral(data.label_sets.targets)


@dataclass(frozen=True, slots=True)
class RateOne:
    """Images whose largest logit is their label's, which are whole numbers."""

    def marks(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Whether each image is right."""
        return logits.argmax(dim=1) == labels

    def worth(self, marks: Tensor, labels: Tensor) -> float:
        """How many are right."""
        return int(marks.sum())

    def by_class(self, marks: Tensor, labels: Tensor, *, num_classes: int) -> tuple[float, ...]:
        """How many of each class are right."""
        found: list[int] = torch.bincount(labels[marks], minlength=num_classes).tolist()
        return tuple(found)

    def error(self, marks: Tensor, labels: Tensor) -> float | None:
        return None


@dataclass(frozen=True, slots=True)
class RateSeveral:
    """Mean average precision: every class counts the same (macro).

    Attributes:
        targets: float32 (labels, classes), zeros and ones: the classes that a label stands for.
    """

    targets: Tensor

    def marks(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The logits."""
        return logits.float()

    def worth(self, marks: Tensor, labels: Tensor) -> float:
        """The mean over the classes that have images, in images."""
        targets = self._of(labels)
        known = targets.any(dim=0)
        found = average_precisions(marks[:, known], targets[:, known])
        return float(found.mean()) * len(marks)

    def by_class(self, marks: Tensor, labels: Tensor, *, num_classes: int) -> tuple[float, ...]:
        targets = self._of(labels)
        found: list[float] = (average_precisions(marks, targets) * targets.sum(dim=0)).tolist()
        return tuple(found)

    def error(self, marks: Tensor, labels: Tensor) -> float | None:
        """By a jackknife over images, which are left out in groups; None of a single image."""
        num = min(NUM_GROUPS, len(marks))
        if num < 2:
            return None
        group = torch.arange(len(marks)) % num
        kept = [(marks[group != each], labels[group != each]) for each in range(num)]
        scores = torch.tensor(
            [self.worth(*part) / len(part[0]) for part in kept], dtype=torch.float64
        )
        return math.sqrt((num - 1) * float(scores.var(correction=0)))

    def _of(self, labels: Tensor) -> Tensor:
        return self.targets.to(labels.device)[labels].double()


ONE = RateOne()
NUM_GROUPS = 64  # of images that a jackknife leaves out


def average_precisions(scores: Tensor, targets: Tensor) -> Tensor:
    """Average precision of each class: precisions weighted by the recall that each adds.

    Images of equal score count together, whatever their order; what is no number counts as least.

    Args:
        scores: (N, classes).
        targets: (N, classes), float64 zeros and ones.

    Returns:
        float64 (classes,) in 0..1; 0 for a class without images.
    """
    values = scores.nan_to_num(nan=-torch.inf, posinf=torch.inf, neginf=-torch.inf)
    ordered, order = values.sort(dim=0, descending=True)
    hits = targets.gather(0, order).cumsum(0)
    ends = torch.ones_like(ordered, dtype=torch.bool)  # of images of equal score
    ends[:-1] = ordered[1:] != ordered[:-1]
    ranks = torch.arange(1, len(scores) + 1, dtype=torch.float64, device=scores.device)[:, None]
    reached = torch.where(ends, hits, 0.0).cummax(dim=0).values
    before = torch.cat([torch.zeros_like(reached[:1]), reached[:-1]])
    gained = torch.where(ends, (hits - before) * hits / ranks, 0.0)
    return gained.sum(dim=0) / targets.sum(dim=0).clamp(min=1.0)
