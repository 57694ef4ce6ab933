"""Random bases that meet the budgets."""

from __future__ import annotations

import numpy as np

from escalade.core.numbers.shown import amount
from escalade.core.space.path import IntArray
from escalade.search.operators.gene_operators import mutate
from escalade.search.problem import Problem

DRAFT = 2048
# Drafts before giving up: about 100,000 genomes, a second or two.
MAX_DRAFTS = 50
# From here on half of each draft are mutants of the drawn genomes nearest to f_0: budgets far out
# in the space's distribution are found this way, at the price of bases that resemble each other.
FIRST_GUIDED = 10
NUM_GUIDES = 64
GUIDE_RATE = 0.15


def draw_bases(problem: Problem, *, num: int, rng: np.random.Generator) -> IntArray:
    """Distinct random bases inside f_0, each with a feasible strategy in every stage: (num, genes).

    Returns fewer, at least one, where no more are found.

    Raises:
        ValueError: if there is none, with the range of costs that was seen in the stage at fault.
    """
    found: dict[bytes, IntArray] = {}
    drawn = _Drawn(problem)
    for draft in range(MAX_DRAFTS):
        genomes = drawn.next(rng, guided=draft >= FIRST_GUIDED)
        for row in genomes[problem.legal(genomes)]:
            found.setdefault(row.tobytes(), row)
        if len(found) >= num:
            break
    if not found:
        raise ValueError(_unmet(problem, drawn))
    return np.stack(list(found.values())[:num])


class _Drawn:
    """Genomes drawn so far: those nearest to f_0, and the range of their costs."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._choices = np.array([gene.num_choices for gene in problem.space.genes])
        self.nearest = np.empty((0, problem.space.num_genes), dtype=np.int64)
        self.low, self.high = np.inf, -np.inf

    def next(self, rng: np.random.Generator, *, guided: bool) -> IntArray:
        space = self._problem.space
        genomes = space.sample_genomes(rng, DRAFT // 2 if guided else DRAFT)
        if guided:
            parents = self.nearest[rng.integers(0, len(self.nearest), DRAFT // 2)]
            mutants = mutate(parents, num_choices=self._choices, rate=GUIDE_RATE, rng=rng)
            genomes = np.concatenate([genomes, space.repair(mutants)])
        self._keep(genomes)
        return genomes

    def _keep(self, genomes: IntArray) -> None:
        pool = np.unique(np.concatenate([self.nearest, genomes]), axis=0)
        costs = self._problem.costs(pool, self._problem.strategies(0))[:, 0]
        self.low, self.high = min(self.low, costs.min()), max(self.high, costs.max())
        gaps = np.abs(np.log(costs / self._problem.budgets[0].target))
        self.nearest = pool[np.argsort(gaps, kind="stable")[:NUM_GUIDES]]


def _unmet(problem: Problem, drawn: _Drawn) -> str:
    """Which stage is at fault, and what it can reach."""
    base = problem.budgets[0]
    fits = problem.feasible(drawn.nearest, stage=0)[:, 0]
    low, high, stage = drawn.low, drawn.high, 0
    if fits.any():
        genomes = drawn.nearest[fits]
        for stage in range(1, problem.num_stages):
            costs = problem.costs(genomes, problem.strategies(stage))
            low, high = costs.min(), costs.max()
            if not problem.feasible(genomes, stage=stage).any():
                break
        else:
            stage, low, high = 0, drawn.low, drawn.high
    budget = problem.budgets[stage]
    where = (
        "base networks"
        if stage == 0
        else f"stage {stage} of bases at {amount(base.target, base.kind)}"
    )
    return (
        f"budgets[{stage}]: no network of space {problem.space.name} was found within "
        f"{budget.allowed}; {where} range from {amount(float(low), budget.kind)} to "
        f"{amount(float(high), budget.kind)}"
    )
