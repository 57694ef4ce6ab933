"""Networks near a scaling: rounding searched locally, so that a network meets its budget."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Stage
from escalade.core.network.cost import CostOf, counted
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.rounding import round_to
from escalade.core.numbers.shown import amount, percent
from escalade.core.scaling.ratios import DIMENSIONS, Scaling, apply, follow_inputs, with_depth

# Widths tried: this many divisor steps from the nearest multiple, and these changes of a wide one.
NUM_STEPS = 2
WIDTH_CHANGES = (0.88, 0.94, 1.06, 1.12)
# Costs are expanded around a network this often; each time around a nearer one.
NUM_ROUNDS = 5
# Bins of the relative gap in the sum over stages, and how far estimates may miss the budget.
NUM_BINS = 2001
REACH = 1.0
ESTIMATE_ERROR = 0.04

Floats = npt.NDArray[np.float64]


def meet_budget(
    base: Architecture,
    *,
    scaling: Scaling,
    budget: Budget,
    at_most: bool = False,
    width_divisor: int = 8,
    resolution_divisor: int = 4,
    move: Sequence[str] = DIMENSIONS,
    cost_of: CostOf | None = None,
) -> Architecture:
    """Round a scaled network so that its cost is within the budget's tolerance.

    Depth of each stage, width of each stage and resolution are rounded up or down, or a step
    further; the network taken deviates little from the scaling before rounding. The deviation is
    the sum of squared changes in log macs: log depth and 2 log width (each a mean over stages) and
    2 log resolution. Costs of single stages' changes are added up to find the roundings of least
    deviation at every cost (dynamic programming), which are then costed exactly, best first.

    Args:
        budget: the target, on both sides of which the tolerance counts.
        at_most: never above the target.
        width_divisor: widths are multiples of it, except where the width ratio is 1.
        resolution_divisor: likewise for the resolution.
        move: dimensions whose rounding may change; the others are rounded to the nearest.
        cost_of: what the budget counts, for kinds that `core.network.cost` does not count; it is
            called about a thousand times.

    Raises:
        ValueError: if no rounding tried meets the budget; names the nearest below and above.
    """
    measure = cost_of or counted(budget.kind)
    high = budget.target if at_most else budget.high
    roundings = _Roundings(base, scaling, width_divisor, resolution_divisor, move)
    center = roundings.nearest
    tried: dict[_Choice, float] = {}
    for _ in range(NUM_ROUNDS):
        for choice in _candidates(roundings, center, budget.low, high, measure):
            if choice not in tried:
                tried[choice] = measure(roundings.network(choice))
            if budget.low <= tried[choice] <= high:
                return roundings.network(choice)
        if not tried:
            tried[center] = measure(roundings.network(center))
        middle = (budget.low + high) / 2
        nearest = min(tried, key=lambda choice: (abs(tried[choice] - middle), choice))
        if nearest == center:
            break
        center = nearest
    raise ValueError(_unmet(budget, scaling, sorted(tried.values()), at_most=at_most))


# A rounding: (depth, width) of every stage, and the resolution.
_Choice = tuple[tuple[tuple[int, int], ...], int]
# Values with their deviations in front, least first.
_Options = list[tuple[float, int]]


class _Roundings:
    """What each stage and the resolution may be rounded to, and what it deviates."""

    def __init__(
        self,
        base: Architecture,
        scaling: Scaling,
        width_divisor: int,
        resolution_divisor: int,
        move: Sequence[str],
    ) -> None:
        self.width_divisor = width_divisor
        self.start = apply(
            base, scaling, width_divisor=width_divisor, resolution_divisor=resolution_divisor
        )
        share = 1 / len(base.stages)
        self.stages: list[list[tuple[float, tuple[int, int]]]] = []
        for stage, scaled in zip(base.stages, self.start.stages, strict=True):
            depth = len(stage.blocks) * scaling.depth
            span = range(max(1, math.floor(depth) - 1), math.ceil(depth) + 2)
            depths = _options(span, wanted=depth, weight=share, moves="depth" in move)
            width = stage.blocks[-1].width * scaling.width
            widths = _options(
                _widths(scaled.blocks[-1].width, width_divisor),
                wanted=width,
                weight=4 * share,
                moves="width" in move,
            )
            pairs = [(a + b, (d, w)) for a, d in depths for b, w in widths]
            self.stages.append(pairs)
        self.resolutions = _options(
            _sides(self.start.resolution, resolution_divisor, least=base.total_stride),
            wanted=base.resolution * scaling.resolution,
            weight=4,
            moves="resolution" in move,
        )
        self._made: dict[tuple[int, tuple[int, int]], Stage] = {}

    @property
    def nearest(self) -> _Choice:
        return tuple(options[0][1] for options in self.stages), self.resolutions[0][1]

    def network(self, choice: _Choice) -> Architecture:
        pairs, resolution = choice
        made = (self._stage(i, pair) for i, pair in enumerate(pairs))
        stages = follow_inputs(self.start.stem.width, made)
        return replace(self.start, stages=stages, resolution=resolution)

    def _stage(self, index: int, pair: tuple[int, int]) -> Stage:
        if (index, pair) not in self._made:
            depth, width = pair
            blocks = self.start.stages[index].blocks
            change, least = width - blocks[-1].width, self.width_divisor
            wider = tuple(replace(b, width=max(least, b.width + change)) for b in blocks)
            self._made[index, pair] = Stage(blocks=with_depth(wider, depth))
        return self._made[index, pair]


def _candidates(
    roundings: _Roundings, center: _Choice, low: float, high: float, measure: CostOf
) -> Iterator[_Choice]:
    """Roundings estimated to cost between `low` and `high`, or nearly so, by rising deviation."""
    target = (low + high) / 2
    found: list[tuple[float, _Choice]] = []
    for added, side in roundings.resolutions:
        start = measure(roundings.network((center[0], side)))
        effects = []
        for i, options in enumerate(roundings.stages):
            changed = [(*center[0][:i], pair, *center[0][i + 1 :]) for _, pair in options]
            costs = [measure(roundings.network((pairs, side))) for pairs in changed]
            effects.append((np.array(costs) - start) / target)
        deviations = [np.array([d for d, _ in options]) for options in roundings.stages]
        window = (low / target - 1 - ESTIMATE_ERROR, high / target - 1 + ESTIMATE_ERROR)
        for deviation, picks in _least(effects, deviations, start / target - 1, window):
            pairs = tuple(options[k][1] for options, k in zip(roundings.stages, picks, strict=True))
            found.append((deviation + added, (pairs, side)))
    yield from (choice for _, choice in sorted(found))


def _least(
    effects: list[Floats], deviations: list[Floats], start: float, window: tuple[float, float]
) -> Iterator[tuple[float, list[int]]]:
    """For every bin of the gap within the window: the least deviation, and which options give it.

    Shortest path over the stages; the state is the gap so far, in bins of 2 REACH / NUM_BINS.
    """
    scale = (NUM_BINS - 1) / (2 * REACH)
    origin = (NUM_BINS - 1) // 2 + round(start * scale)
    best = np.full(NUM_BINS, np.inf)
    best[min(max(origin, 0), NUM_BINS - 1)] = 0.0
    history, shifts = [], [np.rint(effect * scale).astype(int) for effect in effects]
    for shift, deviation in zip(shifts, deviations, strict=True):
        paths = np.stack(
            [_shifted(best, int(s)) + d for s, d in zip(shift, deviation, strict=True)]
        )
        history.append(paths.argmin(axis=0))
        best = paths.min(axis=0)
    first, last = (round((gap + REACH) * scale) for gap in window)
    for end in range(max(first, 0), min(last + 1, NUM_BINS)):
        if math.isfinite(best[end]):
            picks, at = [], end
            for chosen, shift in zip(reversed(history), reversed(shifts), strict=True):
                picks.append(int(chosen[at]))
                at -= int(shift[picks[-1]])
            yield float(best[end]), picks[::-1]


def _shifted(values: Floats, shift: int) -> Floats:
    """`values` moved up by `shift` bins, infinite where nothing comes from."""
    moved = np.full_like(values, np.inf)
    if abs(shift) < len(values):
        if shift >= 0:
            moved[shift:] = values[: len(values) - shift]
        else:
            moved[:shift] = values[-shift:]
    return moved


def _options(values: Sequence[int], *, wanted: float, weight: float, moves: bool) -> _Options:
    options = sorted((weight * math.log(v / wanted) ** 2, v) for v in values)
    return options if moves else options[:1]


def _widths(width: int, divisor: int) -> list[int]:
    steps = {width + k * divisor for k in range(-NUM_STEPS, NUM_STEPS + 1)}
    steps |= {width + round(width * (c - 1) / divisor) * divisor for c in WIDTH_CHANGES}
    return sorted(step for step in steps if step >= min(width, divisor))


def _sides(resolution: int, divisor: int, *, least: int) -> list[int]:
    steps = [resolution + k * divisor for k in range(-NUM_STEPS, NUM_STEPS + 1)]
    return [step for step in steps if step >= least] or [max(resolution, round_to(least, divisor))]


def _unmet(budget: Budget, scaling: Scaling, costs: list[float], *, at_most: bool) -> str:
    below = [f"{amount(c, budget.kind)} below" for c in costs if c < budget.low][-1:]
    above = [f"{amount(c, budget.kind)} above" for c in costs if c > budget.low][:1]
    sides = "below" if at_most else "either side"
    return (
        f"budget {budget}: no rounding of depth {scaling.depth:.3g}, width {scaling.width:.3g}, "
        f"resolution {scaling.resolution:.3g} is within {percent(budget.tolerance, digits=None)} "
        f"({sides}); nearest are {' and '.join(below + above)}. "
        "Use a larger tolerance or a smaller width divisor"
    )
