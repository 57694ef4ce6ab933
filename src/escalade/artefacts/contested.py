"""contest.json: what was found against plain networks, before members are trained."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from escalade.core.numbers.statistics import binomial_standard_error
from escalade.core.values.codec import ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A network after its short training, and how many of the search images it has right (of
    several labels: what its score is worth in images)."""

    macs: int
    num_steps: int
    num_correct: float


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
            or as many.
        rule: what scales the plain base; None where none brings it to all budgets.
        num_images: of the search split, on which all were scored.
        bouts: by budget.
        note: why there was no contest.
    """

    FILE: ClassVar[str] = "contest.json"
    STAGE: ClassVar[str] = "retrain"

    kept: Literal["found", "plain"]
    rule: str | None
    num_images: int
    bouts: tuple[Bout, ...] = ()
    note: str = field(default="", metadata=ABSENT)

    @property
    def difference(self) -> float:
        """The mean accuracy of what was found minus that of the plain networks, as a share."""
        gained = sum(bout.found.num_correct - bout.plain.num_correct for bout in self.bouts)
        return gained / (self.num_images * len(self.bouts))

    @property
    def standard_error(self) -> float:
        """Of the difference, by the number of images, as if networks erred independently."""
        errors = (
            binomial_standard_error(each.num_correct / self.num_images, num_images=self.num_images)
            for bout in self.bouts
            for each in (bout.found, bout.plain)
        )
        return math.hypot(*errors) / len(self.bouts)
