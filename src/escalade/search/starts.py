"""Random pairs of base and strategy inside one budget."""

from __future__ import annotations

import numpy as np

from escalade.core.budget import format_amount
from escalade.core.population import IntArray
from escalade.search.problem import Problem

DRAFT = 256
MAX_DRAFTS = 40


def draw_pairs(
    problem: Problem,
    *,
    strategies: IntArray,
    stage: int,
    num: int,
    rng: np.random.Generator,
) -> IntArray:
    """Rows of genome and strategy side by side, each strategy uniform among the feasible ones.

    Returns fewer than `num`, at least one, where no more are found.

    Raises:
        ValueError: if there is none, with the range of costs that was seen.
    """
    budget, low, high = problem.budgets[stage], np.inf, -np.inf
    found: dict[bytes, IntArray] = {}
    for _ in range(MAX_DRAFTS):
        genomes = problem.space.sample_genomes(rng, DRAFT)
        costs = problem.costs(genomes, strategies)
        low, high = min(low, costs.min()), max(high, costs.max())
        inside = (costs >= budget.low) & (costs <= budget.high)
        picks = np.where(inside, rng.random(inside.shape), -1.0).argmax(axis=1)
        rows = np.concatenate([genomes, strategies[picks]], axis=1)
        for row in rows[inside.any(axis=1)]:
            found.setdefault(row.tobytes(), row)
        if len(found) >= num:
            return np.stack(list(found.values())[:num])
    if found:
        return np.stack(list(found.values()))
    raise ValueError(
        f"budgets[{stage}]: no network of space {problem.space.name} was found within "
        f"{budget.tolerance:.2%} of {format_amount(budget.target, budget.kind)} {budget.kind}; "
        f"networks range from {format_amount(float(low), budget.kind)} to "
        f"{format_amount(float(high), budget.kind)}"
    )
