"""Which training images an epoch shows, and in what order: a pure function of seed and epoch."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from escalade.core.numbers.seeds import generator


class EpochOrder(Protocol):
    """Rows of a split."""

    def of(self, epoch: int) -> Tensor:
        """The rows of an epoch, int64."""
        ...


class Shuffled:
    """Every image once an epoch.

    Args:
        num: images.
    """

    def __init__(self, num: int, *, seed: int) -> None:
        self._num, self._seed = num, seed

    def of(self, epoch: int) -> Tensor:
        return torch.from_numpy(generator(self._seed, "order", epoch).permutation(self._num))


class EqualClasses:
    """Every class equally often, within one image, and in it every image equally often.

    Over all epochs together the images that are shown are numbered through: number p is of class
    p modulo the classes, and a class goes through its images again and again, each time in another
    order, wherever epochs end.

    Args:
        labels: of the split, int64 (N,); classes without images are none.
        num: images that an epoch shows.
    """

    def __init__(self, labels: Tensor, *, num: int, seed: int) -> None:
        known = labels.cpu().numpy()
        self._rows = [np.flatnonzero(known == label) for label in np.unique(known)]
        self._num, self._seed = num, seed

    def of(self, epoch: int) -> Tensor:
        begun = epoch * self._num
        shown = [
            self._shown(place, self._before(place, begun), self._before(place, begun + self._num))
            for place in range(len(self._rows))
        ]
        rng = generator(self._seed, "order", epoch)
        return torch.from_numpy(rng.permutation(np.concatenate(shown)))

    def _before(self, place: int, number: int) -> int:
        """How many of a class's images are shown before a number."""
        return (number + len(self._rows) - 1 - place) // len(self._rows)

    def _shown(self, place: int, start: int, stop: int) -> NDArray[np.int64]:
        """A class's images from its so manieth on."""
        rows = self._rows[place]
        first, last = start // len(rows), -(-stop // len(rows))
        turns = [
            generator(self._seed, "classes", place, turn).permutation(rows)
            for turn in range(first, last)
        ]
        skipped = first * len(rows)
        return np.concatenate([rows[:0], *turns])[start - skipped : stop - skipped]
