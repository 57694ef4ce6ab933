"""Whether budgets and limits leave any network, told before anything is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import generator
from escalade.core.numbers.shown import amount
from escalade.core.space.path import IntArray, Population
from escalade.core.space.space import Space
from escalade.core.values.invalid import Invalid
from escalade.search.operators.bases import draw_bases
from escalade.search.operators.starts import draw_pairs
from escalade.search.problem import Problem

# Networks within the budgets that tell what they cost, where limits leave none of them.
NUM_SEEN = 256
# Of a space with some limits, so many networks: those of each budget.
Draw = Callable[[Space, int], list[Population]]


def check_networks(space: Space, *, budgets: Sequence[Budget], draw: Draw) -> None:
    """Whether there is a network of every budget that keeps all limits.

    Args:
        space: with its limits.
        budgets: one for each of what is drawn.
        draw: what a search begins with.

    Raises:
        ValueError: if there is none; `Invalid` at a limit that leaves none, with what the networks
            within the budget have of that cost.
    """
    try:
        draw(space, 1)
    except ValueError:
        if not space.limits:
            raise
        within = draw(space.with_limits({}), NUM_SEEN)
        raise _left_out(space, budgets, within) from None


def first_networks(
    problem: Problem, num: int, *, joint: bool, staged: bool = True
) -> list[Population]:
    """Random networks of every budget, the same bases in all of them or each for itself.

    Args:
        problem: the budgets.
        num: networks of each.
        joint: of one base.
        staged: by the strategies of the budget's own scaling stage, else unscaled.

    Raises:
        ValueError: if there is none.
    """
    rng, stages = generator(0, "feasible", "networks"), range(problem.num_stages)
    if joint:
        bases = draw_bases(problem, num=num, rng=rng)
        return [_of_bases(problem, bases, stage=stage) for stage in stages]
    made = []
    for stage in stages:
        strategies = problem.strategies(stage if staged else 0)
        rows = draw_pairs(problem, strategies=strategies, stage=stage, num=num, rng=rng)
        made.append(Population(rows[:, :-3], rows[:, -3:]))
    return made


def _of_bases(problem: Problem, bases: IntArray, *, stage: int) -> Population:
    """Every base under every strategy that brings it to the budget of a stage."""
    strategies = problem.strategies(stage)
    base, strategy = np.nonzero(problem.feasible(bases, stage=stage))
    return Population(bases[base], strategies[strategy])


def _left_out(space: Space, budgets: Sequence[Budget], within: Sequence[Population]) -> Invalid:
    """Which limit leaves none of the networks within a budget; all of them, if no single one."""
    for budget, networks in zip(budgets, within, strict=True):
        for kind, limit in space.limits.items():
            if space.costs(networks, kind).min() > limit:
                return Invalid(
                    f"no network of the space {space.name} {_near(budget)} has "
                    f"{amount(limit, kind)} or less",
                    path=("limits", kind),
                    remedy=f"\n{_seen(space, networks, kind)} there; raise the limit, or lower "
                    "the budget",
                )
    seen = " and ".join(_seen(space, within[0], kind) for kind in space.limits)
    return Invalid(
        f"no network of the space {space.name} {_near(budgets[0])}, or of what follows from it, "
        "keeps all limits",
        path=("limits",),
        remedy=f"\n{seen} there; raise a limit, or lower the budgets",
    )


def _near(budget: Budget) -> str:
    return f"within {budget.allowed}"


def _seen(space: Space, networks: Population, kind: str) -> str:
    costs = space.costs(networks, kind)
    low, high = (amount(float(end), kind) for end in (costs.min(), costs.max()))
    return f"{kind} ranges from {low} to {high}"
