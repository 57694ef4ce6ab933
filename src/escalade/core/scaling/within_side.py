"""Scaling by a rule to a budget where images have only so many pixels."""

from __future__ import annotations

import math
from dataclasses import replace

from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget
from escalade.core.scaling.grown_members import SolvedNetwork
from escalade.core.scaling.hybrid import scale_to
from escalade.core.scaling.lattice import CostOf, counted
from escalade.core.scaling.rules import parse


def scale_within(
    base: Architecture,
    *,
    rule: str,
    budget: Budget,
    stage: float,
    side: int,
    name: str = "",
    cost_of: CostOf | None = None,
) -> SolvedNetwork:
    """`scale_to` with inputs of at most `side` pixels.

    Where the rule asks for more, the resolution is `side`, and depth and width share all of the
    compute in the rule's own ratio.

    Args:
        base: the network to scale.
        rule: as `core.scaling.rules.parse` reads it.
        budget: the target; the network meets it within the tolerance.
        stage: j = log2(f / f_0) of the target.
        side: the images' pixels.
        name: of the network.
        cost_of: what the budget counts, for kinds that `core.network.cost` does not count.

    Raises:
        ValueError: if nothing near the rule meets the budget.
    """
    measure = cost_of or counted(budget.kind)

    def measured(network: Architecture) -> float:
        return measure(network) if network.resolution <= side else math.inf

    base = replace(base, resolution=min(base.resolution, side))
    made = scale_to(base, rule=rule, budget=budget, stage=stage, name=name, cost_of=measure)
    if made.architecture.resolution <= side:
        return made
    shares = parse(rule)
    rest = f"d{shares.depth:.9f}_w{shares.width:.9f}_g{shares.group_width:.9f}"
    largest = replace(base, resolution=side)
    return scale_to(largest, rule=rest, budget=budget, stage=stage, name=name, cost_of=measured)
