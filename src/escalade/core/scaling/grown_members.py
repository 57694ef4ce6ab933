"""Grown members: a fitted growth followed to a budget, and the network that meets it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from scipy.optimize import brentq

from escalade.core.network.architecture import Architecture
from escalade.core.network.cost import CostOf, counted
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.shown import amount
from escalade.core.scaling.extrapolation import Growth, Interval
from escalade.core.scaling.lattice import meet_budget
from escalade.core.scaling.ratios import DIMENSIONS, Scaling, apply, with_depth

# How far from the expected stage the curve is followed, in stages; and in steps so small that no
# network far above the target is built.
REACH, STEP = 20.0, 0.25
# Ratios below this are no network worth having; the curve is not followed further down.
LEAST_RATIO = 0.1
# Nor is it followed up to networks that nobody can build, where a steep curve goes at once.
MOST_BLOCKS, MOST_RATIO = 1000, 100.0
# Sides tried, the largest first, where inputs are held below what a curve asks for.
MOST_STEPS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class SolvedNetwork:
    """A network nobody searched, at its budget.

    `predicted` are the fitted ratios at stage j = log2(f / f_0), `solved` those where the curve,
    before rounding, costs exactly the target; `architecture` is the rounded network. Where the
    curve asks for more pixels than the images have, `asked` is how many.
    """

    name: str
    stage: float
    budget: Budget
    predicted: Scaling
    solved: Scaling
    architecture: Architecture
    gap: float
    interval: Interval | None = None
    asked: int | None = None


def solve(
    base: Architecture,
    *,
    growth: Growth,
    budget: Budget,
    stage: float,
    name: str = "",
    form: str | None = None,
    width_divisor: int = 8,
    resolution_divisor: int = 4,
    cost_of: CostOf | None = None,
    interval: Interval | None = None,
    most_side: int | None = None,
) -> SolvedNetwork:
    """The network of a budget on a fitted growth curve (ARCHITECTURE.md).

    Where the curve asks for inputs of more than `most_side` pixels, they stay at that, and depth
    and width share the rest of the compute in the curve's own ratio there.

    Args:
        budget: any target; the network meets it within the tolerance.
        stage: j = log2(f / f_0) of the target, where the prediction is read off.
        form: the growth function; the growth's own if not given.
        cost_of: what the budget counts, for kinds that `core.network.cost` does not count.
        interval: of the predicted ratios, kept in the member.
        most_side: pixels that inputs may have; None for any.

    Raises:
        ValueError: if the curve never reaches the target, or no rounding meets it.
    """
    measure = cost_of or counted(budget.kind)

    def curve(j: float) -> Scaling:
        return growth.predict(j, form=form)

    def rounded(scaling: Scaling, *move: str) -> Architecture:
        return meet_budget(
            base,
            scaling=scaling,
            budget=budget,
            width_divisor=width_divisor,
            resolution_divisor=resolution_divisor,
            move=move or DIMENSIONS,
            cost_of=measure,
        )

    solved, architecture, asked = Scaling(), base, None
    if stage != 0 or not budget.contains(measure(base)):  # at 0 stands the base itself
        solved = follow(base, curve=curve, budget=budget, start=stage, cost_of=measure)
        architecture = rounded(solved)
        if most_side is not None and architecture.resolution > most_side:
            asked = architecture.resolution
            sides = _sides(base.resolution, most=most_side, divisor=resolution_divisor)
            solved, architecture = _held(
                base, solved, sides=sides, budget=budget, measure=measure, rounded=rounded
            )
    return SolvedNetwork(
        name=name,
        stage=stage,
        budget=budget,
        predicted=curve(stage),
        solved=solved,
        architecture=architecture.renamed(name),
        gap=budget.gap(measure(architecture)),
        interval=interval,
        asked=asked,
    )


def _sides(least: int, *, most: int, divisor: int) -> list[int]:
    """The largest sides up to one that are multiples of the divisor; the least if there is none."""
    top = most - most % divisor
    sides = [top - step * divisor for step in range(MOST_STEPS)]
    return [side for side in sides if side >= least] or [least]


def _held(
    base: Architecture,
    scaling: Scaling,
    *,
    sides: Sequence[int],
    budget: Budget,
    measure: CostOf,
    rounded: Callable[..., Architecture],
) -> tuple[Scaling, Architecture]:
    """A scaling of another resolution, whose depth and width grow in its ratio, and a network.

    Args:
        sides: the first at which rounding depths and widths meets the budget is taken.
    """
    depth, width = max(math.log(scaling.depth), 0.0), max(2 * math.log(scaling.width), 0.0)
    share = depth / (depth + width) if depth + width else 0.5
    refused: ValueError | None = None
    for side in sides:

        def curve(j: float, resolution: float = side / base.resolution) -> Scaling:
            longer, wider = 2 ** (share * j), 2 ** ((1 - share) * j / 2)
            return Scaling(scaling.depth * longer, scaling.width * wider, resolution)

        try:
            solved = follow(base, curve=curve, budget=budget, start=0.0, cost_of=measure)
            return solved, rounded(solved, "depth", "width")
        except ValueError as error:
            refused = refused or error
    assert refused is not None
    raise refused


def follow(
    base: Architecture,
    *,
    curve: Callable[[float], Scaling],
    budget: Budget,
    start: float,
    cost_of: CostOf | None = None,
) -> Scaling:
    """The point of a curve of scalings whose un-rounded cost is the budget's target.

    Works for fitted growth and for any rule by hand: the curve is a function of one number, and
    `start` a guess of it. The point nearest to the guess is taken.

    Raises:
        ValueError: if the curve does not cross the target near the guess; tells its range.
    """
    measure = cost_of or counted(budget.kind)

    def excess(j: float) -> float:
        return math.log(unrounded_cost(base, scaling=curve(j), cost_of=measure) / budget.target)

    def is_too_large(scaling: Scaling) -> bool:
        blocks = scaling.depth * sum(base.depths)
        return blocks > MOST_BLOCKS or max(scaling.width, scaling.resolution) > MOST_RATIO

    while start > 0 and is_too_large(curve(start)):
        start -= STEP
    low, high = _bracket(curve, excess, is_too_large, budget=budget, start=start)
    root = low if low == high else float(brentq(excess, low, high, xtol=1e-6))
    return curve(root)


def unrounded_cost(base: Architecture, *, scaling: Scaling, cost_of: CostOf) -> float:
    """Cost of a scaled network as if depths, widths and resolution needed no rounding.

    Linear between the two nearest whole depths of each stage and the two nearest resolutions;
    widths are rounded to whole channels.
    """
    side = base.resolution * scaling.resolution
    depths = [len(stage.blocks) * scaling.depth for stage in base.stages]
    scaled = apply(
        base,
        Scaling(1.0, scaling.width, 1.0),
        width_divisor=1,
    )
    shorter = _with_depths(scaled, [max(1, math.floor(depth)) for depth in depths])
    total = 0.0
    for resolution, share in _neighbours(side):
        if share:
            network = replace(shorter, resolution=resolution)
            total += share * _between_depths(network, depths, cost_of)
    return total


def _between_depths(network: Architecture, depths: list[float], cost_of: CostOf) -> float:
    """Linear in the fraction of each stage's next block."""
    whole = list(network.depths)
    value = total = cost_of(network)
    for i, depth in enumerate(depths):
        fraction = depth - whole[i]
        if fraction > 1e-9:
            longer = _with_depths(network, [*whole[:i], whole[i] + 1, *whole[i + 1 :]])
            total += fraction * (cost_of(longer) - value)
    return total


def _with_depths(network: Architecture, depths: list[int]) -> Architecture:
    stages = tuple(
        replace(stage, blocks=with_depth(stage.blocks, depth))
        for stage, depth in zip(network.stages, depths, strict=True)
    )
    return replace(network, stages=stages)


def _neighbours(value: float) -> tuple[tuple[int, float], tuple[int, float]]:
    low = math.floor(value + 1e-9)
    share = max(0.0, value - low)
    return (low, 1 - share), (low + 1, share)


def _bracket(
    curve: Callable[[float], Scaling],
    excess: Callable[[float], float],
    is_too_large: Callable[[Scaling], bool],
    *,
    budget: Budget,
    start: float,
) -> tuple[float, float]:
    """Two neighbouring points around the crossing nearest to `start`."""
    middle = excess(start)
    if middle == 0:
        return start, start
    reached = middle
    direction = -1.0 if middle > 0 else 1.0
    at = start
    while abs(at + direction * STEP - start) <= REACH:
        beyond = at + direction * STEP
        scaling = curve(beyond)
        if min(scaling.to_json().values()) < LEAST_RATIO or is_too_large(scaling):
            break
        value = excess(beyond)
        if value * middle <= 0:
            return min(at, beyond), max(at, beyond)
        at, reached = beyond, value
    if direction > 0 and is_too_large(curve(at + STEP)):
        raise ValueError(
            f"budget {_shown(budget, 0.0)} {budget.kind}: the growth curve stays below it up to "
            f"{_shown(budget, reached)} at stage {at:.3g}; beyond, networks have more than "
            f"{MOST_BLOCKS:,} blocks or {MOST_RATIO:g} times the width or the resolution; "
            "use another growth form or a smaller budget"
        )
    side = "above" if middle > 0 else "below"
    raise ValueError(
        f"budget {_shown(budget, 0.0)} {budget.kind}: the growth curve stays {side} it, "
        f"from {_shown(budget, middle)} at stage {start:.3g} to "
        f"{_shown(budget, reached)} at stage {at:.3g}; "
        "use another growth form or a budget in that range"
    )


def _shown(budget: Budget, excess: float) -> str:
    return amount(budget.target * math.exp(excess), budget.kind)
