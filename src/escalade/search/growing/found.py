"""What a search found, as the growth of a family takes it up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from escalade.artefacts.grown import ComparedRule, Grown, GrownMember, GrowthPoint
from escalade.artefacts.searched import Searched
from escalade.config.settings import GrowConfig
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.network.cost import CostOf
from escalade.core.numbers.budget import Budget, Ladder
from escalade.core.scaling.grown_members import SolvedNetwork
from escalade.core.values.invalid import Invalid
from escalade.search.growing.observed import Observed


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Searched members and their ladder.

    Attributes:
        ladder: of the whole run; where no budgets were given, the searched members' own sizes.
        latency_of: predicts seconds, where budgets are latencies.
        observed: all scores and confirmations, where growth follows a law of them.
        most_side: pixels a side that the images have; None where nobody knows.
    """

    searched: Searched
    ladder: Ladder
    settings: GrowConfig
    seed: int
    latency_of: CostOf | None = None
    observed: Observed | None = None
    most_side: int | None = None

    @property
    def side(self) -> int | None:
        """Pixels that a grown member may read: as the images have, or as what was searched."""
        if self.most_side is None:
            return None
        searched = (stage.architecture.resolution for stage in self.searched.stages)
        return max(self.most_side, *searched)

    @property
    def base(self) -> Architecture:
        return self.searched.stages[0].architecture

    @property
    def largest(self) -> Architecture:
        last = self.searched.largest
        return last.architecture.renamed(last.name)

    def entry(
        self, solved: SolvedNetwork, *, compared: tuple[ComparedRule, ...] | None = None
    ) -> GrownMember:
        """A grown network as growth.json has it."""
        counts = cost.of(solved.architecture)
        return GrownMember(
            name=solved.name,
            stage=solved.stage,
            budget=solved.budget.target,
            predicted=solved.predicted,
            interval=solved.interval,
            solved=solved.solved,
            architecture=solved.architecture,
            macs=counts.macs,
            params=counts.params,
            activations=counts.activations,
            gap=solved.gap,
            extrapolation=True,
            latency=None if self.latency_of is None else self.latency_of(solved.architecture),
            compared=compared,
            notes=None if solved.asked is None else (self._held(solved),),
        )

    def _held(self, solved: SolvedNetwork) -> str:
        return (
            f"growth asks for {solved.asked} pixels, but images are kept at {self.most_side} "
            f"(dataset.side): inputs have {solved.architecture.resolution}, and depth and width "
            "take the rest"
        )


class Growing(Protocol):
    """A way to larger members; `grows` says whether there are any."""

    @property
    def grows(self) -> bool: ...

    def how(self, settings: GrowConfig) -> str:
        """What the plan says of a grown member."""
        ...

    def story(self, found: Found) -> str:
        """A sentence for a grown member's card; empty where the fitted rule made it."""
        ...

    def grow(self, found: Found, budgets: Sequence[Budget]) -> Grown:
        """The members of budgets beyond the searched ones.

        Raises:
            Invalid: if a budget cannot be met.
        """
        ...

    def at(self, found: Found, budget: Budget, *, name: str) -> GrownMember:
        """The network of any budget, with notes.

        Raises:
            Invalid: if the budget cannot be met, or nothing grows.
        """
        ...

    def told(self, found: Found, member: GrownMember) -> str:
        """How a grown member came about, for people."""
        ...


def held_back(members: Iterable[GrownMember]) -> tuple[str, ...]:
    """Of members that were to read more pixels than there are, what was done instead."""
    return tuple(f"{each.name}: {note}" for each in members for note in each.notes or ())


def widths_and_depths(architecture: Architecture) -> str:
    """A network in short: `28 pixels, widths 16-24, depths 2-3`."""
    return (
        f"{architecture.resolution} pixels, widths {'-'.join(map(str, architecture.widths))}, "
        f"depths {'-'.join(map(str, architecture.depths))}"
    )


@dataclass(frozen=True, slots=True)
class Ends:
    """The family ends with the searched members, for a reason."""

    why: str
    grows: ClassVar[bool] = False

    def how(self, settings: GrowConfig) -> str:
        return ""

    def story(self, found: Found) -> str:
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
        return ""
