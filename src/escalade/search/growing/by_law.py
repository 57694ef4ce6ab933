"""Growth by a law of error that is fitted to every score, or greedily, stage by stage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

from escalade.artefacts.grown import Grown, GrownMember, GrowthPoint
from escalade.config.settings import GrowConfig
from escalade.core.network.architecture import Architecture
from escalade.core.network.cost import counted
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.shown import accuracy, gap
from escalade.core.scaling.aim import Aim
from escalade.core.scaling.enlarging import enlarge
from escalade.core.scaling.grown_members import SolvedNetwork
from escalade.core.scaling.law import Law
from escalade.core.scaling.least_error import least_error
from escalade.core.scaling.ratios import Scaling, scaling_between
from escalade.search.growing.found import Found, Growing, widths_and_depths
from escalade.search.growing.law_of_scores import StageJudge, facts_of, law_of, notes_on, predicted
from escalade.search.growing.observed import Observed


@dataclass(frozen=True, slots=True)
class ByLaw(ABC):
    """Members of the least predicted error; where no law can be had, another growth, and why.

    Attributes:
        otherwise: that growth.
        shares_base: whether members are the base, scaled; else the largest of them is.
    """

    otherwise: Growing
    shares_base: bool

    @property
    def grows(self) -> bool:
        return True

    @abstractmethod
    def _network(
        self, found: Found, seen: Observed, fitted: Law, budget: Budget
    ) -> tuple[Architecture, Scaling]: ...

    def how(self, settings: GrowConfig) -> str:
        return "of the least error by a law fitted to all scores"

    def story(self, found: Found) -> str:
        """Of the law, which may have been none in the end."""
        if isinstance(_fitted(found), str):
            return self.otherwise.story(_falling_back(found))
        return (
            "Of the networks of this budget the one with the least error by a law of depth, width "
            "and resolution that was fitted to all scores of the search: nobody searched this size."
        )

    def grow(self, found: Found, budgets: Sequence[Budget]) -> Grown:
        fitted = _fitted(found)
        if isinstance(fitted, str):
            grown = self.otherwise.grow(_falling_back(found), budgets)
            return replace(grown, notes=(f"{fitted}: {_instead(grown)}", *grown.notes))
        first = len(found.searched.stages)
        members = tuple(
            self._member(found, fitted, budget, name=f"S{first + i}")
            for i, budget in enumerate(budgets)
        )
        base = self._base(found)
        return Grown(
            form=found.settings.function,
            notes=notes_on(_seen(found), fitted),
            points=tuple(
                _point(found, base, stage.budget, stage.architecture)
                for stage in found.searched.stages
            ),
            functions={},
            leave_last_out=None,
            members=members,
            law=facts_of(_seen(found), fitted),
        )

    def at(self, found: Found, budget: Budget, *, name: str) -> GrownMember:
        fitted = _fitted(found)
        if isinstance(fitted, str):
            falling = _falling_back(found)
            made = self.otherwise.at(falling, budget, name=name)
            instead = _instead(self.otherwise.grow(falling, ()))
            return replace(made, notes=(f"{fitted}: {instead}", *(made.notes or ())))
        made = self._member(found, fitted, budget, name=name)
        beyond = budget.target > found.searched.largest.budget
        return replace(made, extrapolation=beyond, notes=notes_on(_seen(found), fitted))

    def told(self, found: Found, member: GrownMember) -> str:
        """Its shape, and what it is predicted to reach."""
        told = f" ({gap(member.gap)}): {widths_and_depths(member.architecture)}"
        if member.accuracy is None:
            return told
        value = member.accuracy
        return f"{told}; predicted {accuracy(value.mean, (value.low, value.high))}"

    def _base(self, found: Found) -> Architecture:
        return found.base if self.shares_base else found.largest

    def _member(self, found: Found, fitted: Law, budget: Budget, *, name: str) -> GrownMember:
        seen, base = _seen(found), self._base(found)
        network, scaling = self._network(found, seen, fitted, budget)
        measure = found.latency_of or counted(budget.kind)
        solved = SolvedNetwork(
            name=name,
            stage=found.ladder.stage(budget.target),
            budget=budget,
            predicted=scaling,
            solved=scaling_between(base, network),
            architecture=network.renamed(name),
            gap=budget.gap(measure(network)),
        )
        return replace(found.entry(solved), accuracy=predicted(seen, fitted, network))


class LeastErrorGrowth(ByLaw):
    """The whole network scaled by three ratios."""

    def _network(
        self, found: Found, seen: Observed, fitted: Law, budget: Budget
    ) -> tuple[Architecture, Scaling]:
        made = least_error(
            self._base(found),
            judge=lambda networks: fitted.predict(*seen.asked(networks)),
            aim=_aim(found, seen, budget),
        )
        return made.architecture, made.scaling


class GreedyGrowth(ByLaw):
    """Stage by stage, by a regression that tells stages apart."""

    def how(self, settings: GrowConfig) -> str:
        return "enlarged greedily, stage by stage"

    def _network(
        self, found: Found, seen: Observed, fitted: Law, budget: Budget
    ) -> tuple[Architecture, Scaling]:
        base = self._base(found)
        judge = StageJudge(seen, num_stages=len(base.stages))
        made = enlarge(base, judge=judge, aim=_aim(found, seen, budget))
        return made, scaling_between(base, made)


def _aim(found: Found, seen: Observed, budget: Budget) -> Aim:
    width_divisor, resolution_divisor = found.searched.divisors
    return Aim(
        budget=budget,
        most_side=seen.most_side,
        width_divisor=width_divisor,
        resolution_divisor=resolution_divisor,
        cost_of=found.latency_of,
    )


def _seen(found: Found) -> Observed:
    assert found.observed is not None
    return found.observed


def _fitted(found: Found) -> Law | str:
    """The law, or why there is none."""
    seen = found.observed
    if seen is None:
        return "no scores are kept (scores.json) that a law could be fitted to"
    return law_of(seen, found.seed)


def _instead(grown: Grown) -> str:
    """What members grow by where there is no law."""
    if grown.rule:
        return f"members grow by the rule {grown.rule}"
    return f"members grow by the {grown.form} function" if grown.form else "none grows"


def _falling_back(found: Found) -> Found:
    return replace(found, settings=replace(found.settings, function="compound"))


def _point(found: Found, base: Architecture, budget: float, network: Architecture) -> GrowthPoint:
    scaling = scaling_between(base, network)
    return GrowthPoint(
        stage=found.ladder.stage(budget),
        depth=scaling.depth,
        width=scaling.width,
        resolution=scaling.resolution,
    )
