"""Several labels an image: every set of classes that occurs has a number, which is the label.

So images have one number each wherever they go, in caches, splits and batches, whether it stands
for a class or for a set of classes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from escalade.data.splits.stratified import Rows

_FEWEST = 3  # images of one kind, fewer of which are not divided by themselves
_BITS = 31


@dataclass(frozen=True, kw_only=True)
class LabelSets:
    """The sets of classes that labels stand for.

    Attributes:
        sets: of each label, its classes, rising.
    """

    sets: tuple[tuple[int, ...], ...]
    num_classes: int

    @classmethod
    def of(cls, sets: Iterable[tuple[int, ...]], *, num_classes: int) -> Self:
        return cls(sets=tuple(sorted(set(sets))), num_classes=num_classes)

    @property
    def numbers(self) -> dict[tuple[int, ...], int]:
        """The label of each set."""
        return {each: i for i, each in enumerate(self.sets)}

    @cached_property
    def targets(self) -> Tensor:
        """Whether a label has a class: float32 (labels, classes) of zeros and ones."""
        made = torch.zeros(len(self.sets), self.num_classes)
        for i, each in enumerate(self.sets):
            made[i, list(each)] = 1.0
        return made

    def strata(self, labels: Rows, *, free: NDArray[np.bool_]) -> tuple[Rows, Rows]:
        """Kinds by which images are divided: the rarest class of each, so that none is left out.

        Kinds of too few images are one with the most common.

        Args:
            free: which of them are to be divided.

        Returns:
            The kind of each image, from 0 without gaps, and the class of each kind.
        """
        images = images_per_class(
            torch.from_numpy(labels[free]), num_classes=self.num_classes, sets=self
        ).tolist()
        rarest = np.array([min(each, key=lambda i: (images[i], i)) for each in self.sets])
        kinds = rarest[labels]
        num = np.bincount(kinds[free], minlength=self.num_classes)
        kinds[num[kinds] < _FEWEST] = num.argmax()
        classes, found = np.unique(kinds, return_inverse=True)
        return found.ravel().astype(np.int64), classes

    def names(self, classes: Sequence[str]) -> list[str]:
        """What people call each label."""
        return [";".join(classes[i] for i in each) for each in self.sets]

    def ids(self, classes: Sequence[str]) -> Rows:
        """A number of each label that follows from its classes' names, whatever others there are.

        Digests of splits are of these: another set behind the same number is another image.
        """
        texts = ("\0".join(classes[i] for i in each) for each in self.sets)
        found = (hashlib.sha256(text.encode()) for text in texts)
        return np.array([int(each.hexdigest(), 16) % (1 << _BITS) for each in found], np.int64)


def images_per_class(labels: Tensor, *, num_classes: int, sets: LabelSets | None) -> Tensor:
    """How many images have each class, int64 (classes,).

    Args:
        labels: int64 (N,), classes, or of sets of them.
        sets: what labels stand for, None where each is a class.
    """
    if sets is None:
        return torch.bincount(labels.cpu(), minlength=num_classes)
    images = torch.bincount(labels.cpu(), minlength=len(sets.sets)).double()
    return (images @ sets.targets.double()).long()
