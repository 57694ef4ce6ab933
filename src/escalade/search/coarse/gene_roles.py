"""What the genes of a per-layer space stand for, read from their names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from escalade.core.space.path import Gene, IntArray

# Such as resolution, stem.width, stages[2].depth, stages[2].kernel[1].
_NAME = re.compile(r"(?:(?P<place>\w+(?:\[\d+\])?)\.)?(?P<role>\w+)(?:\[\d+\])?")
# The dimensions of section 3.2 of the BigNAS paper; an expansion is a hidden width.
_ROLES = {"expansion": "width"}


@dataclass(frozen=True, slots=True, eq=False)
class GeneRoles:
    """Per gene: `num_choices`, its role (resolution, depth, width, kernel), and where it is.

    A place is `stem`, `head`, `stages[i]` or, for the resolution, empty. Choices rise with their
    index.
    """

    num_choices: IntArray
    roles: tuple[str, ...]
    places: tuple[str, ...]

    @classmethod
    def of(cls, genes: Sequence[Gene]) -> Self:
        roles, places = [], []
        for gene in genes:
            match = _NAME.fullmatch(gene.name)
            assert match is not None, gene.name
            roles.append(_ROLES.get(match["role"], match["role"]))
            places.append(match["place"] or "")
        return cls(np.array([g.num_choices for g in genes]), tuple(roles), tuple(places))

    def columns(self, role: str, place: str | None = None) -> IntArray:
        """Genes of a role, everywhere or in one place, that have a choice."""
        at = zip(self.roles, self.places, strict=True)
        named = [r == role and place in (None, p) for r, p in at]
        return np.flatnonzero(np.array(named) & (self.num_choices > 1))

    def places_of(self, role: str) -> list[str]:
        """Where a role has choices, in order."""
        return list(dict.fromkeys(self.places[column] for column in self.columns(role)))
