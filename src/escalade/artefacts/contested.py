"""contest.json: what was found against plain networks, before members are trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from escalade.artefacts.entrants import (
    Entrant,
    Pair,
    difference_error,
    is_above_chance,
    mean_difference,
)
from escalade.core.space.plain_network import PLAIN
from escalade.core.values.codec import ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Bout:
    """What was found for a member's budget and the plain network there, trained equally long."""

    member: str
    budget: float
    found: Entrant
    plain: Entrant


@dataclass(frozen=True, slots=True, kw_only=True)
class Contested:
    """A contest, whose winner every member is made of.

    Attributes:
        kept: what the members are: found, or plain where that has more images right over all bouts,
            or as many, or where nothing was searched, or no bout could tell.
        base: name of the base by hand that made the plain networks.
        rule: what scales it; None where none brings it to all budgets.
        num_images: of the search split, on which all were scored.
        chance: share of them that belong to the largest class; None of several labels.
        bouts: by budget.
        note: why there was no contest.
    """

    FILE: ClassVar[str] = "contest.json"
    STAGE: ClassVar[str] = "retrain"

    kept: Literal["found", "plain"]
    base: str = field(default=PLAIN, metadata=ABSENT)
    rule: str | None
    num_images: int
    bouts: tuple[Bout, ...] = ()
    note: str = field(default="", metadata=ABSENT)
    chance: float | None = field(default=None, metadata=ABSENT)

    @property
    def can_tell(self) -> bool:
        """Whether any network was better than chance, so that the contest says something."""
        best = max(each.num_correct / self.num_images for pair in self._pairs for each in pair)
        return self.chance is None or is_above_chance(
            best, chance=self.chance, num_images=self.num_images
        )

    @property
    def difference(self) -> float:
        """The mean accuracy of what was found minus that of the plain networks, as a share."""
        return mean_difference(self._pairs, num_images=self.num_images)

    @property
    def standard_error(self) -> float:
        """Of the difference, by the number of images."""
        return difference_error(self._pairs, num_images=self.num_images)

    @property
    def _pairs(self) -> list[Pair]:
        return [(bout.found, bout.plain) for bout in self.bouts]
