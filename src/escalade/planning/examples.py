"""Networks such as a run's members may be, to be timed."""

from __future__ import annotations

import math

import numpy as np

from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Hierarchical, Window
from escalade.core.scaling.grown_members import follow
from escalade.core.scaling.hybrid import scale_to
from escalade.core.scaling.ratios import Scaling, apply
from escalade.core.space.path import Path
from escalade.core.space.space import Space
from escalade.core.space.space_summary import candidate_paths
from escalade.planning.member_sizes import MemberSizes
from escalade.planning.resolved_run import Run
from escalade.search.alone.random_models import draw_models

EXAMPLES = 2  # networks of each size
NUM_PATHS = 4096
LOOSE = 0.5  # a tolerance that any rounding meets


def example_members(run: Run, sizes: MemberSizes) -> list[Architecture]:
    """Networks of the members' sizes, the largest last.

    With a supernet of the smallest, a middling and the largest size, some of each; else one of
    each, made by the rule of some network of the first size.
    """
    budgets = sizes.all
    if not run.space.traits.has_supernet:
        return _by_rule(run, budgets)
    chosen = dict.fromkeys((budgets[0], budgets[len(budgets) // 2], budgets[-1]))
    bases = _bases(run.space, budgets[0])
    return [_scaled(base, budgets[0], budget, run.space) for budget in chosen for base in bases]


def near_budgets(run: Run, sizes: MemberSizes) -> list[Path]:
    """For each searched member's budget the nearest of some paths."""
    space, found = run.space, []
    follows = run.method.follows_stages(space.traits)
    for stage, budget in enumerate(sizes.searched):
        rng, at = generator(0, "timing", stage), stage if follows else 0
        drawn = candidate_paths(space, rng, at, num=NUM_PATHS)
        gaps = np.abs(np.log(space.costs(drawn, budget.kind) / budget.target))
        found += space.paths(drawn[np.array([gaps.argmin()])])
    return found


def _by_rule(run: Run, budgets: tuple[Budget, ...]) -> list[Architecture]:
    space, rule = run.space, run.config.grow.rule
    rng = generator(0, "timing")
    (genome,) = draw_models(space, budget=budgets[0], num=1, rng=rng)
    base = space.path(genome).architecture
    loose = [Budget(budget.target, budget.kind, LOOSE) for budget in budgets[1:]]
    cost_of = None if space.latency is None else space.latency.of
    scaled = [scale_to(base, rule=rule, budget=b, stage=0.0, cost_of=cost_of) for b in loose]
    return [base, *(each.architecture for each in scaled)]


def _bases(space: Space, budget: Budget) -> list[Architecture]:
    """Some base networks near the first budget."""
    if not space.traits.scales:
        drawn = candidate_paths(space, generator(0, "timing"), 0, num=NUM_PATHS)
        gaps = np.abs(np.log(space.costs(drawn, budget.kind) / budget.target))
        nearest = np.argsort(gaps, kind="stable")[:EXAMPLES]
        return [path.architecture for path in space.paths(drawn[nearest])]
    window = Window(targets=(budget.target,), kind=budget.kind, factor=1.2)
    base = space.for_ladder((1.0,))
    drawn = Hierarchical(base, window=window).draw(generator(0, "timing"), EXAMPLES)
    return [path.architecture for path in base.paths(drawn)]


def _scaled(base: Architecture, first: Budget, budget: Budget, space: Space) -> Architecture:
    if budget.target == first.target:
        return base
    scaling = follow(
        base,
        curve=lambda j: Scaling(*[2 ** (j / 5)] * 3),
        budget=budget,
        start=math.log2(budget.target / first.target),
        cost_of=space.latency.of if space.latency is not None else None,
    )
    return apply(
        base,
        scaling,
        width_divisor=base.rounding.width,
        resolution_divisor=base.rounding.resolution,
    )
