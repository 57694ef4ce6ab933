"""The members of a run before they have weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from escalade.artefacts.grown import Grown
from escalade.artefacts.searched import Searched
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Ladder
from escalade.core.scaling.ratios import Scaling, scaling_between
from escalade.core.space.path import Path
from escalade.family.family import Origin


class ByHand(NamedTuple):
    """The base of a space that a person would write by hand, and the rule that scales it."""

    base: str
    rule: str


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A member before it has weights.

    Attributes:
        stage: j = log2(f / f_0) of its budget.
        scaling: ratios to the base.
        interval: of a grown member's predicted ratios, where they were fitted.
        path: of a searched member, in the supernet.
        by_hand: of a network that stands in the place of what was found: how it was made.
        effort: how many times the epochs of its recipe it trains for.
    """

    name: str
    stage: float
    origin: Origin
    budget: float
    architecture: Architecture
    scaling: Scaling
    interval: Mapping[str, tuple[float, float]] | None = None
    path: Path | None = None
    by_hand: ByHand | None = None
    effort: float = 1.0

    @property
    def label(self) -> str:
        """Of its trainings: those of a network by hand are no others'."""
        return self.name if self.by_hand is None else f"{self.name}-{self.by_hand.base}"

    @property
    def keeps_identities(self) -> bool:
        """Whether the supernet runs another network for it, so that a slice may be another."""
        return self.path is not None and self.path.runs is not None

    @property
    def running(self) -> Architecture:
        """What its slice is cut as."""
        return self.architecture if self.path is None else self.path.running


def candidates(searched: Searched, grown: Grown, ladder: Ladder) -> list[Candidate]:
    """The members that search and growth name, smallest first."""
    base = searched.stages[0].architecture
    found = []
    for stage in searched.stages:
        architecture = stage.architecture.renamed(stage.name)
        runs = None if stage.runs is None else stage.runs.renamed(stage.name)
        found.append(
            Candidate(
                name=stage.name,
                stage=ladder.stage(stage.budget),
                origin="searched",
                budget=stage.budget,
                architecture=architecture,
                scaling=scaling_between(base, architecture),
                path=Path(stage.genome, stage.strategy, architecture, runs),
            )
        )
    return found + [
        Candidate(
            name=member.name,
            stage=member.stage,
            origin="grown",
            budget=member.budget,
            architecture=member.architecture,
            scaling=scaling_between(base, member.architecture),
            interval=member.interval,
        )
        for member in grown.members
    ]
