"""scores.json: every network that a search scored, in the order it asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from escalade.core.space.path import IntArray, Population
from escalade.core.values.invalid import Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """Networks by their genomes and strategies, a text of numbers each, and their scores.

    Attributes:
        num_images: that every score was measured on.
        genomes, strategies: such as `0 3 1`.
        num_correct: images classified correctly, or what scores are worth in images.
    """

    FILE: ClassVar[str] = "scores.json"
    STAGE: ClassVar[str] = "search"

    num_images: int = 0
    genomes: tuple[str, ...] = ()
    strategies: tuple[str, ...] = ()
    num_correct: tuple[float, ...] = ()

    def __len__(self) -> int:
        return len(self.genomes)

    def with_scores(
        self,
        genomes: IntArray,
        strategies: IntArray,
        *,
        num_correct: Sequence[float],
        num_images: int,
    ) -> Self:
        """With more scores, of the same images."""
        return replace(
            self,
            num_images=num_images,
            genomes=(*self.genomes, *map(_text, genomes)),
            strategies=(*self.strategies, *map(_text, strategies)),
            num_correct=(*self.num_correct, *num_correct),
        )

    @property
    def population(self) -> Population:
        """The networks as paths of their space."""
        return Population(_rows(self.genomes), _rows(self.strategies))

    @property
    def accuracies(self) -> list[float]:
        """Shares of the images, in 0..1."""
        return [num / self.num_images for num in self.num_correct]


def _text(row: IntArray) -> str:
    return " ".join(map(str, row.tolist()))


def _rows(texts: Sequence[str]) -> IntArray:
    try:
        return np.array([[int(part) for part in text.split()] for text in texts], dtype=np.int64)
    except ValueError:
        problem = "its genomes or strategies are not rows of equal length"
        raise Invalid(problem, path=(Scored.FILE,)) from None
