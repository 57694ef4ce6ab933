"""Growth of the largest searched member by a scaling rule (Fast and Accurate Model Scaling)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from escalade.artefacts.grown import Functions, Grown, GrownMember, GrowthPoint
from escalade.config.settings import GrowConfig
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.shown import gap
from escalade.core.scaling import rules
from escalade.core.scaling.grown_members import SolvedNetwork
from escalade.core.scaling.hybrid import scale_to, scale_within
from escalade.search.growing.found import Found, held_back, widths_and_depths


class ByRule:
    """The largest searched member, scaled to the budgets beyond it (hybrid scaling)."""

    grows = True

    def how(self, settings: GrowConfig) -> str:
        return f"the largest searched member scaled by {settings.rule}"

    def story(self, found: Found) -> str:
        """Which member was scaled."""
        return (
            f"{found.largest.name}, the largest searched member, scaled by the rule "
            f"{found.settings.rule} (Fast and Accurate Model Scaling): nobody searched this size."
        )

    def grow(self, found: Found, budgets: Sequence[Budget]) -> Grown:
        """Scale to each budget.

        Scaled from a member beyond stage 0 the rule is no function of the stage that passes
        through it, and none that is known where budgets do not count macs, which its factor is of.
        """
        rule, stage = found.settings.rule, _stage(found)
        first = len(found.searched.stages)
        members = tuple(
            found.entry(_scaled(found, budget, name=f"S{first + i}"))
            for i, budget in enumerate(budgets)
        )
        is_function = not stage and found.ladder.kind == "macs"
        note = f"scaled from {found.searched.largest.name} by the rule {rule}: nothing was fitted"
        return Grown(
            form="compound" if is_function else None,
            rule=rule,
            notes=(note, *held_back(members)) if members else (),
            points=(GrowthPoint(stage=stage, depth=1.0, width=1.0, resolution=1.0),),
            functions=_compound(rule) if is_function else {},
            leave_last_out=None,
            members=members,
        )

    def at(self, found: Found, budget: Budget, *, name: str) -> GrownMember:
        """The largest searched member at any budget."""
        made = found.entry(_scaled(found, budget, name=name))
        base, rule = found.searched.largest.name, found.settings.rule
        told = f"{base} scaled by the rule {rule}; nothing was fitted"
        return replace(made, notes=(told, *(made.notes or ())))

    def told(self, found: Found, member: GrownMember) -> str:
        """From what, its shape, and what held it back."""
        told = (
            f" ({gap(member.gap)}): {found.searched.largest.name} by {found.settings.rule}, "
            f"{widths_and_depths(member.architecture)}"
        )
        return "; ".join((told, *(member.notes or ())))


def _scaled(found: Found, budget: Budget, *, name: str) -> SolvedNetwork:
    scaled = scale_to if found.side is None else partial(scale_within, side=found.side)
    return scaled(
        found.largest,
        rule=found.settings.rule,
        budget=budget,
        stage=found.ladder.stage(budget.target),
        name=name,
        base_stage=_stage(found),
        cost_of=found.latency_of,
    )


def _stage(found: Found) -> float:
    """The ladder's stage of the member that is scaled."""
    return found.ladder.stage(found.searched.largest.budget)


def _compound(rule: str) -> Functions:
    """The rule as the compound function that it is, ratios growing with 2^j."""
    shares = rules.parse(rule)
    rates = {"depth": shares.depth, "width": shares.width / 2, "resolution": shares.resolution / 2}
    return {"compound": {name: {"c": rate * math.log(2)} for name, rate in rates.items()}}
