"""Grown members know no limit of the search: which of them can hardly keep it."""

from __future__ import annotations

import math

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.shown import amount
from escalade.core.scaling.grown_members import follow
from escalade.core.scaling.ratios import Scaling, apply
from escalade.core.space.path import Population
from escalade.planning.member_sizes import MemberSizes
from escalade.planning.resolved_run import Run

NUM_BASES = 24  # networks within the limits that are grown to see


def grown_above_limits(run: Run, sizes: MemberSizes) -> list[str]:
    """A sentence for every limit that a grown member would hardly keep; none where all would.

    Networks of the last budget that is searched, which keep all limits, are grown in depth, width
    and resolution alike; what the least of them has is told.
    """
    limits, beyond = run.config.limits, sizes.beyond
    if not limits or not beyond or not run.budgets:
        return []
    networks = run.method.begins_with(run.task, run.space, NUM_BASES)[-1]
    bases = [path.architecture for path in run.space.paths(_some(networks))]
    told = []
    for kind, limit in limits.items():
        for at, budget in enumerate(beyond, start=len(sizes.searched)):
            grown = (_grown(run, base, sizes.searched[-1], budget) for base in bases)
            least = min(cost.count(each, kind) for each in grown)
            if least > limit:
                told.append(
                    f"S{at}, of {budget}, will "
                    f"have about {amount(least, kind)} {kind} or more: grown members keep "
                    "no limit, and --grow 0 grows none"
                )
                break
    return told


def _some(networks: Population) -> Population:
    """So many of what was drawn, evenly."""
    step = max(1, len(networks) // NUM_BASES)
    return networks[slice(None, NUM_BASES * step, step)]


def _grown(run: Run, base: Architecture, last: Budget, budget: Budget) -> Architecture:
    """A network at a larger budget, all ratios alike."""
    latency = run.space.latency
    scaling = follow(
        base,
        curve=lambda j: Scaling(*[2 ** (j / 5)] * 3),
        budget=budget,
        start=math.log2(budget.target / last.target),
        cost_of=None if latency is None else latency.of,
    )
    width, resolution = base.rounding.width, base.rounding.resolution
    return apply(base, scaling, width_divisor=width, resolution_divisor=resolution)
