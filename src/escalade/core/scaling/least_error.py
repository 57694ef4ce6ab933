"""The network of a budget whose error a law holds to be the least."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from escalade.core.network.architecture import Architecture
from escalade.core.numbers.rounding import round_to
from escalade.core.scaling.aim import Aim
from escalade.core.scaling.grown_members import follow
from escalade.core.scaling.law import Judge
from escalade.core.scaling.ratios import Scaling, apply

# Depths and sides looked at, how far depth and side may grow, and how little width may.
NUM_DEPTHS, NUM_SIDES = 9, 9
MOST_DEPTH, MOST_SIDE = 4.0, 4.0
LEAST_WIDTH = 0.8
# The best of them are rounded to networks of the exact cost.
NUM_ROUNDED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastError:
    """The network, and the ratios that it was rounded from."""

    architecture: Architecture
    scaling: Scaling


def least_error(
    base: Architecture,
    *,
    judge: Judge,
    aim: Aim,
) -> LeastError:
    """Depth and resolution over a grid, the width that then costs the budget, and the best of all.

    Args:
        judge: holds what errors networks have.
        aim: the budget, and the sizes there are.

    Raises:
        ValueError: if no network near the grid meets the budget.
    """
    scalings = [
        Scaling(depth, width, side / base.resolution)
        for side in sides(base, most_side=aim.most_side, divisor=aim.resolution_divisor)
        for depth in depths(base)
        if (width := _width(base, depth, side, aim)) is not None
    ]
    if not scalings:
        raise ValueError(
            f"budgets: nothing on the grid of depths and resolutions that the law looks at costs "
            f"{aim.budget.target:g} {aim.budget.kind}; use a larger budget, or another "
            "grow.function"
        )
    drafts = [apply(base, each, width_divisor=1, resolution_divisor=1) for each in scalings]
    order = np.argsort(judge(drafts), kind="stable")[:NUM_ROUNDED]
    rounded: list[tuple[Architecture, Scaling]] = []
    refused: ValueError | None = None
    for i in order:
        try:
            network = aim.met(base, scalings[i], move=("depth", "width"))
        except ValueError as error:
            refused = error
            continue
        rounded.append((network, scalings[i]))
    if not rounded:
        assert refused is not None
        raise refused
    best = int(judge([network for network, _ in rounded]).argmin())
    return LeastError(architecture=rounded[best][0], scaling=rounded[best][1])


def sides(base: Architecture, *, most_side: int | None, divisor: int) -> list[int]:
    """Resolutions from the base's, in about equal ratios, to the images' own."""
    most = MOST_SIDE * base.resolution if most_side is None else most_side
    top = max(base.resolution, min(most, MOST_SIDE * base.resolution))
    ratios = np.linspace(0, math.log(top / base.resolution), NUM_SIDES)
    rounded = (round_to(base.resolution * math.exp(ratio), divisor) for ratio in ratios)
    return sorted({side for side in rounded if base.resolution < side <= top} | {base.resolution})


def depths(base: Architecture) -> list[float]:
    """Ratios of depth that make different networks."""
    total, ratios = sum(base.depths), np.geomspace(1.0, MOST_DEPTH, NUM_DEPTHS)
    return sorted({max(1.0, round(total * ratio) / total) for ratio in ratios.tolist()})


def _width(base: Architecture, depth: float, side: int, aim: Aim) -> float | None:
    """The ratio of width at which a network of this depth and side costs the budget."""

    def curve(j: float) -> Scaling:
        return Scaling(depth, math.exp(j / 2), side / base.resolution)

    try:
        found = follow(base, curve=curve, budget=aim.budget, start=0.0, cost_of=aim.cost_of)
    except ValueError:
        return None
    return found.width if found.width >= LEAST_WIDTH else None
