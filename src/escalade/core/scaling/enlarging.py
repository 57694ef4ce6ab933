"""Greedy enlarging: one step of one stage, or of the resolution, at a time (Liu et al., 2021)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Stage
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.rounding import round_to
from escalade.core.scaling.lattice import CostOf, counted, meet_budget
from escalade.core.scaling.law import Judge
from escalade.core.scaling.ratios import Scaling, follow_inputs, with_depth

# A step of a width or of the resolution, as a share, at least one divisor.
WIDER, FINER = 0.08, 0.08
MOST_STEPS = 400


def enlarge(
    base: Architecture,
    *,
    judge: Judge,
    budget: Budget,
    most_side: int | None = None,
    width_divisor: int = 8,
    resolution_divisor: int = 4,
    cost_of: CostOf | None = None,
) -> Architecture:
    """The step that lowers the error most for what it costs, until the budget is spent.

    The paper trains every candidate for a few epochs; here a judge tells their errors.

    Args: as for `core.scaling.least_error.least_error`; the judge tells stages apart.

    Raises:
        ValueError: if no network near where the steps end meets the budget.
    """
    measure = cost_of or counted(budget.kind)
    network, spent = base, measure(base)
    for _ in range(MOST_STEPS):
        if spent >= budget.low:
            break
        steps = [
            (made, cost)
            for made in _steps(network, most_side, width_divisor, resolution_divisor)
            if spent < (cost := measure(made)) <= budget.high
        ]
        if not steps:
            break
        errors = judge([network, *(made for made, _ in steps)])
        prices = np.log([cost / spent for _, cost in steps])
        best = int(((errors[0] - errors[1:]) / prices).round(9).argmax())
        network, spent = steps[best]
    if budget.contains(spent):
        return network
    return meet_budget(
        network,
        scaling=Scaling(),
        budget=budget,
        width_divisor=width_divisor,
        resolution_divisor=resolution_divisor,
        cost_of=cost_of,
    )


def _steps(
    network: Architecture, most_side: int | None, width_divisor: int, resolution_divisor: int
) -> Iterator[Architecture]:
    """Every network that is one step larger."""
    for i, stage in enumerate(network.stages):
        deeper = Stage(blocks=with_depth(stage.blocks, len(stage.blocks) + 1))
        wide = _stepped(stage.blocks[-1].width, WIDER, width_divisor)
        wider = Stage(blocks=tuple(replace(block, width=wide) for block in stage.blocks))
        for changed in (deeper, wider):
            stages = (*network.stages[:i], changed, *network.stages[i + 1 :])
            yield replace(network, stages=follow_inputs(network.stem.width, stages))
    side = _stepped(network.resolution, FINER, resolution_divisor)
    if most_side is None or side <= most_side:
        yield replace(network, resolution=side)


def _stepped(value: int, share: float, divisor: int) -> int:
    return max(round_to(value * (1 + share), divisor), math.floor(value / divisor + 1) * divisor)
