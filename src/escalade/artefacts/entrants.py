"""Networks after short trainings of equal device time, compared in pairs on the search images."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from escalade.core.numbers.statistics import binomial_standard_error


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A network after its short training, and how many of the search images it has right (of
    several labels: what its score is worth in images)."""

    macs: int
    num_steps: int
    num_correct: float


# What is looked at, and what it is held against.
Pair = tuple[Entrant, Entrant]


# Standard errors above chance from which on a network has learnt something.
CLEARLY = 2.0


def is_above_chance(share: float, *, chance: float, num_images: int) -> bool:
    """Whether a network is clearly better than one that names the largest class."""
    return share > chance + CLEARLY * binomial_standard_error(chance, num_images=num_images)


def mean_difference(pairs: Sequence[Pair], *, num_images: int) -> float:
    """The mean accuracy of the first ones minus that of the others, as a share."""
    gained = sum(one.num_correct - other.num_correct for one, other in pairs)
    return gained / (num_images * len(pairs))


def difference_error(pairs: Sequence[Pair], *, num_images: int) -> float:
    """The difference's standard error by the images, as if networks erred independently."""
    errors = (
        binomial_standard_error(each.num_correct / num_images, num_images=num_images)
        for pair in pairs
        for each in pair
    )
    return math.hypot(*errors) / len(pairs)
