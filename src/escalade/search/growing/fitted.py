"""Growth by functions fitted to the searched strategies (ScaleNet, section 3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from escalade.artefacts.grown import ComparedRule, Grown, GrownMember, GrowthPoint, LeaveLastOut
from escalade.config.settings import GrowConfig
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.network.cost import CostOf
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import generator
from escalade.core.scaling import extrapolation
from escalade.core.scaling.extrapolation import Growth
from escalade.core.scaling.grown_members import SolvedNetwork, solve
from escalade.core.scaling.hybrid import scale_to, scale_within
from escalade.core.scaling.ratios import Scaling, realised
from escalade.search.growing.found import Found, held_back, widths_and_depths

# How many times the last searched stage an extrapolation may reach before it is called a guess.
FAR = 2.0


class Fitted:
    """The base, grown as the fitted functions go on.

    Ratios are those that the networks really stand in: multipliers that round to the same network
    cannot be told apart (docs/explanation/deviations.md).
    """

    grows = True

    def how(self, settings: GrowConfig) -> str:
        return "grown by the fitted rule"

    def story(self, found: Found) -> str:
        """The card says it itself."""
        return ""

    def grow(self, found: Found, budgets: Sequence[Budget]) -> Grown:
        """Fit, and follow the functions to each budget."""
        growth, first = fit(found), len(found.searched.stages)
        members = [
            self._solve(found, growth, budget, name=f"S{first + i}")
            for i, budget in enumerate(budgets)
        ]
        points = zip((0.0, *growth.stages), (Scaling(), *growth.scalings), strict=True)
        errors = growth.leave_last_out
        entries = tuple(self._entry(found, member) for member in members)
        return Grown(
            form=growth.form,
            notes=(*growth.notes, *held_back(entries)),
            points=tuple(_point(stage, scaling) for stage, scaling in points),
            functions=growth.functions,
            leave_last_out=None
            if errors is None
            else LeaveLastOut(stage=growth.stages[-1], errors=errors),
            members=entries,
        )

    def at(self, found: Found, budget: Budget, *, name: str) -> GrownMember:
        growth = fit(found)
        made = found.entry(self._solve(found, growth, budget, name=name))
        notes, last = [*growth.notes, *(made.notes or ())], growth.stages[-1]
        if made.stage > FAR * last:
            notes.append(
                f"stage {made.stage:.1f} is far beyond the last searched stage, {last:.1f}: a guess"
            )
        beyond = budget.target > found.searched.largest.budget
        return replace(made, extrapolation=beyond, notes=tuple(notes))

    def told(self, found: Found, member: GrownMember) -> str:
        """Its shape, and what held it back."""
        shape = widths_and_depths(member.architecture)
        return f": {shape} ({'; '.join(('extrapolated', *(member.notes or ())))})"

    def _entry(self, found: Found, member: SolvedNetwork) -> GrownMember:
        compared = compare(
            found.base,
            rules=found.settings.compare,
            budget=member.budget,
            stage=member.stage,
            latency_of=found.latency_of,
            side=found.side,
        )
        return found.entry(member, compared=compared)

    def _solve(self, found: Found, growth: Growth, budget: Budget, *, name: str) -> SolvedNetwork:
        stage = found.ladder.stage(budget.target)
        width_divisor, resolution_divisor = found.searched.divisors
        rng = generator(found.seed, "growth", name)
        return solve(
            found.base,
            growth=growth,
            budget=budget,
            stage=stage,
            name=name,
            width_divisor=width_divisor,
            resolution_divisor=resolution_divisor,
            cost_of=found.latency_of,
            interval=growth.interval(stage, tied=_tied(found), rng=rng),
            most_side=found.side,
        )


def fit(found: Found) -> Growth:
    """The growth functions through the searched stages."""
    stages, form = found.searched.stages, found.settings.function
    if len(stages) == 2 and form in ("exponential", "squared"):
        form = "linear"
    return extrapolation.fit(
        [found.ladder.stage(stage.budget) for stage in stages],
        scalings=[realised(found.base, stage.architecture) for stage in stages],
        form=form,
    )


def _tied(found: Found) -> list[list[Scaling]]:
    """Per searched stage, the realised strategies whose scores cannot be told apart."""
    return [
        [realised(found.base, _made(tie.architecture)) for tie in stage.tied]
        for stage in found.searched.stages[1:]
    ]


def _made(architecture: Architecture | None) -> Architecture:
    assert architecture is not None
    return architecture


def _point(stage: float, scaling: Scaling) -> GrowthPoint:
    return GrowthPoint(
        stage=stage, depth=scaling.depth, width=scaling.width, resolution=scaling.resolution
    )


def compare(
    base: Architecture,
    *,
    rules: Sequence[str],
    budget: Budget,
    stage: float,
    latency_of: CostOf | None = None,
    side: int | None = None,
) -> tuple[ComparedRule, ...]:
    """The networks that rules make of a base for a budget, in the order of the rules.

    At equal macs networks differ in activations, and so in runtime; the comparison shows what the
    fitted growth gains or pays against a rule by hand. Nothing is trained.

    Args:
        rules: as `core.scaling.rules.parse` reads them.
        budget: the grown member's.
        stage: j = log2(f / f_0) of it.
        latency_of: predicts seconds; needed for latency budgets.
        side: pixels that networks may read; None for any.
    """
    return tuple(_compared(base, rule, budget, stage, latency_of, side) for rule in rules)


def _compared(
    base: Architecture,
    rule: str,
    budget: Budget,
    stage: float,
    latency_of: CostOf | None,
    side: int | None,
) -> ComparedRule:
    cost_of = latency_of if budget.kind == "latency" else None
    scaled = scale_to if side is None else partial(scale_within, side=side)
    try:
        made = scaled(base, rule=rule, budget=budget, stage=stage, name=rule, cost_of=cost_of)
    except ValueError as error:
        return ComparedRule(rule=rule, note=" ".join(str(error).split()))
    network = made.architecture
    counts = cost.of(network)
    return ComparedRule(
        rule=rule,
        note="",
        scaling=realised(base, network),
        resolution=network.resolution,
        macs=counts.macs,
        params=counts.params,
        activations=counts.activations,
        gap=made.gap,
        architecture=network,
        latency=None if latency_of is None else latency_of(network),
    )
