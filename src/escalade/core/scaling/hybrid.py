"""Hybrid scaling: the best network of a design space, scaled by a rule to other budgets.

Fast and Accurate Model Scaling, section 6.4.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Stage
from escalade.core.network.cost import CostOf, counted
from escalade.core.numbers.budget import Budget
from escalade.core.scaling.grown_members import SolvedNetwork
from escalade.core.scaling.ratios import follow_inputs, with_depth
from escalade.core.scaling.rules import Rule, parse
from escalade.core.scaling.scale_by import scaled_by
from escalade.core.scaling.solve_factor import solve_factor
from escalade.core.values.invalid import Invalid

# Where rounding jumps over a budget: factors tried, up to this ratio from the nearest, and how far
# the resolution may move from the rule's, in its steps.
NUM_FACTORS, REACH = 41, 1.35
MOST_STEPS = 3
# Of the coarse scan before: factors, and the power of the budget's ratio that it goes to.
NUM_SCANNED, MOST_EXPONENT = 60, 3.0

_Stages = tuple[Stage, ...]


def scale_to(
    base: Architecture,
    *,
    rule: str,
    budget: Budget,
    stage: float,
    name: str = "",
    base_stage: float = 0.0,
    cost_of: CostOf | None = None,
) -> SolvedNetwork:
    """The network that a rule makes of a base at a budget.

    The factor is solved for the budget. Where widths and depths are so few that rounding jumps
    over it, the resolution moves by a few steps from the rule's, and one stage by a block or a
    step of its width: of the networks within tolerance the one that deviates least is taken.

    Args:
        rule: as `core.scaling.rules.parse` reads it.
        budget: the target; the network meets it within the tolerance.
        stage: j = log2(f / f_0) of the target.
        cost_of: what the budget counts, for kinds that `core.network.cost` does not count.

    Raises:
        ValueError: if nothing near the rule meets the budget; names the nearest below and above.
    """
    parsed, measure = parse(rule), cost_of or counted(budget.kind)
    try:
        solved = solve_factor(
            base, rule, budget.target, budget.kind, cost_of=measure, tolerance=budget.tolerance
        )
        factor, found = solved.factor, solved.architecture
    except ValueError as error:
        near = _nearest(base, parsed, budget, measure, num_changes=1)
        near = near or _nearest(base, parsed, budget, measure, num_changes=2)
        if near is None:
            raise ValueError(f"budgets: {budget}: {error}") from None
        factor, found = near
    return SolvedNetwork(
        name=name,
        stage=stage,
        budget=budget,
        predicted=parsed.scaling(2.0 ** (stage - base_stage) if budget.kind == "macs" else factor),
        solved=parsed.scaling(factor),
        architecture=found.renamed(name),
        gap=budget.gap(measure(found)),
    )


def _nearest(
    base: Architecture, rule: Rule, budget: Budget, measure: CostOf, *, num_changes: int
) -> tuple[float, Architecture] | None:
    """The factor and the network within tolerance that deviates least, or None."""
    move_side = budget.kind != "params"
    start = _nearest_factor(base, rule, budget, measure)
    offs = [math.log(REACH) * (2 * i / (NUM_FACTORS - 1) - 1) for i in range(NUM_FACTORS)]
    seen: set[Architecture] = set()
    best: tuple[float, float, Architecture] | None = None
    for off in sorted(offs, key=abs):
        try:
            made = scaled_by(base, rule, start * math.exp(off))
        except ValueError:
            continue
        if made in seen:
            continue
        seen.add(made)
        for moved, change in _variants(made, move_side=move_side, num_changes=num_changes):
            deviation = abs(off) + change
            if (best is None or deviation < best[0]) and budget.contains(measure(moved)):
                best = (deviation, start * math.exp(off), moved)
    return None if best is None else best[1:]


def _nearest_factor(base: Architecture, rule: Rule, budget: Budget, measure: CostOf) -> float:
    """The factor of a coarse scan whose network is nearest to the target."""
    ratio = math.log(budget.target / measure(base))
    best, least = 1.0, math.inf
    for i in range(1, NUM_SCANNED + 1):
        # Params and activations grow slower than the factor: with its square or cube root at least.
        factor = math.exp(MOST_EXPONENT * ratio * i / NUM_SCANNED)
        try:
            gap = abs(math.log(measure(scaled_by(base, rule, factor)) / budget.target))
        except ValueError:
            continue
        if gap < least:
            best, least = factor, gap
    return best


def _variants(
    network: Architecture, *, move_side: bool, num_changes: int
) -> Iterator[tuple[Architecture, float]]:
    """Networks near one, with their change in log macs: other sides, a stage or two changed."""
    stem, stages = network.stem, [(network.stages, 0.0)]
    for _ in range(num_changes):
        stages += [
            (follow_inputs(stem.width, changed), before + change)
            for kept, before in stages
            for changed, change in _changed_stages(kept, network)
        ]
    for side, moved in _sides(network) if move_side else ((network.resolution, 0.0),):
        for changed, change in stages:
            yield replace(network, resolution=side, stages=changed), moved + change


def _sides(network: Architecture) -> Iterator[tuple[int, float]]:
    for steps in range(-MOST_STEPS, MOST_STEPS + 1):
        side = network.resolution + steps * network.rounding.resolution
        if side >= network.total_stride:
            yield side, 2 * abs(math.log(side / network.resolution))


def _changed_stages(stages: _Stages, network: Architecture) -> Iterator[tuple[_Stages, float]]:
    """One stage by a block, or by a step of its width that its groups allow."""
    for i, stage in enumerate(stages):
        before, after = stages[:i], stages[i + 1 :]
        for depth in (len(stage.blocks) - 1, len(stage.blocks) + 1):
            if depth > 0:
                changed = Stage(blocks=with_depth(stage.blocks, depth))
                yield (*before, changed, *after), 1 / sum(network.depths)
        width = stage.blocks[-1].width
        step = _width_step(stage.blocks[-1], network.rounding.width)
        for other in (width - step, width + step):
            if other > 0:
                changed = Stage(blocks=tuple(replace(b, width=other) for b in stage.blocks))
                share = 2 / len(stages)
                yield (*before, changed, *after), share * abs(math.log(other / width))


def _width_step(block: Block, step: int) -> int:
    """The least step of the width, a multiple of `step`, that keeps the groups whole."""
    group = block.group_width or 1
    fits = (n * step for n in range(1, group + 1) if round(n * step * block.expansion) % group == 0)
    return next(fits, step * group)


def scale_within(
    base: Architecture,
    *,
    rule: str,
    budget: Budget,
    stage: float,
    side: int,
    name: str = "",
    base_stage: float = 0.0,
    cost_of: CostOf | None = None,
) -> SolvedNetwork:
    """`scale_to` with inputs of at most `side` pixels.

    Where the rule asks for more, the resolution is `side`, and depth and width share all of the
    compute in the rule's own ratio.

    Args:
        rule: as `core.scaling.rules.parse` reads it.
        budget: the target; the network meets it within the tolerance.
        stage: j = log2(f / f_0) of the target.
        side: the images' pixels.
        cost_of: what the budget counts, for kinds that `core.network.cost` does not count.

    Raises:
        ValueError: if nothing near the rule meets the budget, or it scales nothing but a resolution
            that would be larger.
    """
    measure = cost_of or counted(budget.kind)

    def measured(network: Architecture) -> float:
        return measure(network) if network.resolution <= side else math.inf

    base = replace(base, resolution=min(base.resolution, side))
    scaled = partial(scale_to, budget=budget, stage=stage, name=name, base_stage=base_stage)
    made = scaled(base, rule=rule, cost_of=measure)
    asked = made.architecture.resolution
    if asked <= side:
        return made
    shares = parse(rule)
    if not shares.depth + shares.width + shares.group_width:
        raise Invalid(
            f"the rule {rule} scales nothing but the resolution, to {asked} pixels, and images "
            f"have {side} here",
            remedy="use another rule, such as dWr",
        )
    rest = f"d{shares.depth:.9f}_w{shares.width:.9f}_g{shares.group_width:.9f}"
    largest = replace(base, resolution=side)
    return replace(scaled(largest, rule=rest, cost_of=measured), asked=asked)
