"""children.json: how the search for a front made its children, generation by generation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from escalade.core.values.invalid import Invalid
from escalade.core.values.ranges import CountFrom0, Share


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """Children that were made in one way, and what became of them.

    Attributes:
        scored: those that were new and kept the limits on costs.
        accepted: of these, those that kept the limits on the score.
        survived: of these, those among the survivors of their generation.
    """

    proposed: CountFrom0
    scored: CountFrom0
    accepted: CountFrom0
    survived: CountFrom0

    def __post_init__(self) -> None:
        if not self.proposed >= self.scored >= self.accepted >= self.survived:
            raise Invalid("more are left than there were", path=("scored",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Brood:
    """The children of one generation.

    Attributes:
        generation: as in search.json; 1 has no children, its networks are random.
        ways: by crossover, controller and wheel.
        reward: mean of the controller's children, their weighted improvement on their parents;
            None without children of its own.
        controller: chance of each choice to be what its next edit makes, over all parents; empty
            where it is off.
        decided: how far these edits are from all being alike (0): 1 is always the same edit.
        wheel: share of each choice on the roulette wheel, mean over genes that have it; empty where
            it is off.
    """

    generation: CountFrom0
    ways: Mapping[str, Way]
    reward: float | None
    controller: tuple[Share, ...]
    decided: Share | None
    wheel: tuple[Share, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Children:
    """All generations with children, in order."""

    FILE: ClassVar[str] = "children.json"
    STAGE: ClassVar[str] = "search"

    generations: tuple[Brood, ...]
