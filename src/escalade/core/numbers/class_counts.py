"""Images of each class, and what an accuracy on them stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from escalade.core.numbers.shown import percent
from escalade.core.values.codec import ABSENT
from escalade.core.values.invalid import Invalid
from escalade.core.values.ranges import Count

FEW = 10  # images of a class, fewer of which tell little about it
EVEN = 1.5  # the largest class by the smallest, up to which the accuracy speaks for all
UNEQUAL = 10.0  # the largest class by the smallest, from which training should make up for it
MOST_NAMED = 3

# How training makes up for classes of unequal size.
Balance = Literal["none", "sampling", "loss"]
BALANCES: dict[Balance, str] = {
    "none": "",
    "sampling": "in training every class is drawn equally often",
    "loss": "in training an image's loss is weighted by the inverse of its class's images",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCounts:
    """Images of a split by class.

    Attributes:
        of_several: of how many images, where an image may be of several classes; None where each
            is of one.
    """

    classes: tuple[str, ...]
    images: tuple[int, ...]
    of_several: Count | None = field(default=None, metadata=ABSENT)

    def __post_init__(self) -> None:
        if len(self.classes) != len(self.images) or min(self.images, default=0) < 0:
            problem = f"{len(self.images)} counts for {len(self.classes)} classes"
            raise Invalid(problem, path=("images",))

    @property
    def total(self) -> int:
        return sum(self.images) if self.of_several is None else self.of_several

    @property
    def majority(self) -> str:
        """The class of most images."""
        return self.classes[self.images.index(max(self.images))]

    @property
    def majority_share(self) -> float:
        """The accuracy of an answer that is always the class of most images."""
        return max(self.images) / self.total if self.total else 0.0

    @property
    def is_even(self) -> bool:
        """Whether classes are about as large as each other, or count the same in a score anyway."""
        return self.of_several is not None or max(self.images) <= EVEN * min(self.images)

    @property
    def is_unequal(self) -> bool:
        """Whether the largest class has many times the images of the smallest; each has one."""
        present = [num for num in self.images if num]
        return self.of_several is None and max(present) >= UNEQUAL * min(present)

    @property
    def weights(self) -> tuple[float, ...]:
        """Of each class, inverse to its images; 1 in the mean over all images, 0 of no images."""
        present = sum(num > 0 for num in self.images)
        return tuple(self.total / (present * num) if num else 0.0 for num in self.images)

    def recalls(self, correct: Sequence[float]) -> tuple[float | None, ...]:
        """Share of each class's images that were classified rightly; None where it has none."""
        pairs = zip(correct, self.images, strict=True)
        return tuple(right / num if num else None for right, num in pairs)

    def balanced(self, correct: Sequence[float]) -> float | None:
        """Mean recall of the classes that have images: every class counts the same."""
        known = [recall for recall in self.recalls(correct) if recall is not None]
        return float(np.mean(known)) if known else None

    def cautions(self, split: str = "test", *, remedy: str = "") -> tuple[str, ...]:
        """What an accuracy on these images stands on, where that is not plain; a sentence each.

        Args:
            remedy: what could be done about classes of unequal size.
        """
        told = []
        if self.of_several and max(self.images) > EVEN * min(self.images):
            told.append(
                f"The classes are of unequal size: '{self.majority}' has {max(self.images):,} of "
                f"the {self.total:,} {split} images, the least {min(self.images):,}. Mean average "
                "precision counts every class the same, so that its interval is too narrow."
            )
        if not self.is_even:
            told.append(
                f"The classes are of unequal size: {percent(self.majority_share)} of the "
                f"{self.total:,} {split} images are '{self.majority}', so that always answering "
                "that is right as often. Balanced accuracy counts every class the same."
                + (remedy and f" {remedy}")
            )
        few = sorted((num, name) for num, name in zip(self.images, self.classes, strict=True))
        few = [(num, name) for num, name in few if num < FEW]
        if few:
            named = ", ".join(f"'{name}' {num}" for num, name in few[:MOST_NAMED])
            named += f" and {len(few) - MOST_NAMED} more" if len(few) > MOST_NAMED else ""
            told.append(
                f"Fewer than {FEW} {split} images of {len(few)} of {len(self.classes)} classes "
                f"({named}): what is said of these is little more than a guess."
            )
        return tuple(told)
