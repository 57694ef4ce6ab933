"""No growth: there is nothing that larger members follow from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from escalade.artefacts.grown import Grown, GrownMember, GrowthPoint
from escalade.config.settings import GrowConfig
from escalade.core.numbers.budget import Budget
from escalade.core.values.invalid import Invalid
from escalade.search.growing.found import Found


@dataclass(frozen=True, slots=True)
class Ends:
    """The family ends with the searched members, for a reason."""

    why: str
    grows: ClassVar[bool] = False

    def how(self, settings: GrowConfig) -> str:
        """Nothing to tell."""
        return ""

    def story(self, found: Found) -> str:
        """Nothing to tell."""
        return ""

    def grow(self, found: Found, budgets: Sequence[Budget]) -> Grown:
        """No members, and the reason."""
        return Grown(
            form=None,
            notes=(self.why,),
            points=(GrowthPoint(stage=0.0, depth=1.0, width=1.0, resolution=1.0),),
            functions={},
            leave_last_out=None,
            members=(),
        )

    def at(self, found: Found, budget: Budget, *, name: str) -> GrownMember:
        """Nothing.

        Raises:
            Invalid: with the reason.
        """
        raise Invalid(self.why)

    def told(self, found: Found, member: GrownMember) -> str:
        """Nothing to tell."""
        return ""
