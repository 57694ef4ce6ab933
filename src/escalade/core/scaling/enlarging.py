"""Greedy enlarging: one step of one stage, or of the resolution, at a time (Liu et al., 2021)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Stage
from escalade.core.numbers.rounding import round_to
from escalade.core.scaling.aim import Aim
from escalade.core.scaling.law import Judge
from escalade.core.scaling.ratios import Scaling, follow_inputs, with_depth

# A step of a width or of the resolution, as a share, at least one divisor.
WIDER, FINER = 0.08, 0.08
MOST_STEPS = 400


def enlarge(
    base: Architecture,
    *,
    judge: Judge,
    aim: Aim,
) -> Architecture:
    """The step that lowers the error most for what it costs, until the budget is spent.

    The paper trains every candidate for a few epochs; here a judge tells their errors.

    Args:
        judge: holds what errors networks have, and tells stages apart.
        aim: the budget, and the sizes there are.

    Raises:
        ValueError: if no network near where the steps end meets the budget.
    """
    budget, measure = aim.budget, aim.measure
    network, spent = base, measure(base)
    for _ in range(MOST_STEPS):
        if spent >= budget.low:
            break
        steps = [
            (made, cost)
            for made in _steps(network, aim)
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
    return aim.met(network, Scaling())


def _steps(network: Architecture, aim: Aim) -> Iterator[Architecture]:
    """Every network that is one step larger."""
    for i, stage in enumerate(network.stages):
        deeper = Stage(blocks=with_depth(stage.blocks, len(stage.blocks) + 1))
        wide = _stepped(stage.blocks[-1].width, WIDER, aim.width_divisor)
        wider = Stage(blocks=tuple(replace(block, width=wide) for block in stage.blocks))
        for changed in (deeper, wider):
            stages = (*network.stages[:i], changed, *network.stages[i + 1 :])
            yield replace(network, stages=follow_inputs(network.stem.width, stages))
    side = _stepped(network.resolution, FINER, aim.resolution_divisor)
    if aim.most_side is None or side <= aim.most_side:
        yield replace(network, resolution=side)


def _stepped(value: int, share: float, divisor: int) -> int:
    return max(round_to(value * (1 + share), divisor), math.floor(value / divisor + 1) * divisor)
