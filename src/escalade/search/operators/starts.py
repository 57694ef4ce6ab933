"""Random pairs of base and strategy inside one budget."""

from __future__ import annotations

import numpy as np

from escalade.core.numbers.shown import amount
from escalade.core.space.path import IntArray
from escalade.search.problem import Problem

DRAFT = 256
# Drafts of uniform genomes, and again so many of leaning ones if those were not enough.
MAX_DRAFTS = 40
# The most that a leaning genome's chances rise or fall from first to last choice: exp(12).
LEAN = 12.0


def draw_pairs(
    problem: Problem,
    *,
    strategies: IntArray,
    stage: int,
    num: int,
    rng: np.random.Generator,
) -> IntArray:
    """Rows of genome and strategy side by side, each strategy uniform among the feasible ones.

    Genomes are uniform. In a space without scaling, whose many small choices make a sum that is
    hardly ever near its least or most, genomes follow for budgets out there whose genes lean all
    one way.

    Returns fewer than `num`, at least one, where no more are found.

    Raises:
        ValueError: if there is none, with the range of costs that was seen.
    """
    budget, low, high = problem.budgets[stage], np.inf, -np.inf
    found: dict[bytes, IntArray] = {}
    for draft in range(MAX_DRAFTS if problem.scales else 2 * MAX_DRAFTS):
        leaning = draft >= MAX_DRAFTS
        genomes = _leaning(problem, rng) if leaning else problem.space.sample_genomes(rng, DRAFT)
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
        f"{budget.allowed}; networks range from {amount(float(low), budget.kind)} to "
        f"{amount(float(high), budget.kind)}"
    )


def _leaning(problem: Problem, rng: np.random.Generator) -> IntArray:
    """Genomes whose choices have chances that rise or fall exponentially, at one rate a genome."""
    if not problem.space.traits.rises:
        return _pulled(problem, rng)
    num_choices = np.array([gene.num_choices for gene in problem.space.genes])
    rates = rng.uniform(-LEAN, LEAN, (DRAFT, 1))
    shares = np.log1p(rng.random((DRAFT, len(num_choices))) * np.expm1(rates)) / rates
    genomes: IntArray = problem.space.repair((shares * num_choices).astype(np.int64))
    return genomes


def _pulled(problem: Problem, rng: np.random.Generator) -> IntArray:
    """Genomes that are partly the smallest or the largest, the rest uniform.

    Where choices are not listed from small to large, to lean would say nothing.
    """
    space = problem.space
    ends = np.stack([space.smallest, space.largest])[rng.integers(0, 2, DRAFT)]
    at_end = rng.random(ends.shape) < rng.random((DRAFT, 1))
    genomes: IntArray = space.repair(np.where(at_end, ends, space.sample_genomes(rng, DRAFT)))
    return genomes
