"""Random search: the baseline that any search must beat at equal evaluations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from escalade.artefacts.searched import Searched
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import generator
from escalade.core.space.path import IntArray, Population
from escalade.core.space.space import Space
from escalade.search.dialogue import Steps
from escalade.search.ladder_search import LadderSearch
from escalade.search.operators.bases import draw_bases
from escalade.search.operators.gene_operators import Scores
from escalade.search.operators.starts import draw_pairs
from escalade.search.problem import BoolArray, Problem

BATCH = 64
# Batches in a row that bring nothing new before the space counts as exhausted.
PATIENCE = 10


class RandomSearch(LadderSearch):
    """Random bases with random feasible strategies, under the same constraints as MCEA.

    In a space without scaling, random networks of each budget, equally many.

    Args:
        budgets: a rising ladder, one per scaling stage.
        num_evaluations: distinct paths to score at most; fewer only if the space has no more.
        pi: weights per stage; equal over stages 1 to M by default.
    """

    def __init__(
        self,
        space: Space,
        *,
        budgets: Sequence[Budget],
        seed: int,
        num_images: int,
        num_evaluations: int,
        pi: Sequence[float] | None = None,
    ) -> None:
        super().__init__(space, budgets=budgets, seed=seed, num_images=num_images, pi=pi)
        problem = self._problem
        # The base's own score comes last, where the fitness does not count it.
        self._last = 0 if problem.weights[0] else 1
        if num_evaluations < len(problem.scored_stages) + self._last:
            raise ValueError(
                f"num_evaluations: {num_evaluations} do not score one family of "
                f"{problem.num_stages} networks"
            )
        self._num_evaluations = num_evaluations

    def _steps_of_search(self) -> Steps[Searched]:
        rng = generator(self._seed, "search", "random")
        if self._problem.scales:
            genomes, strategies = yield from self._families(rng)
        else:
            genomes = yield from self._networks(rng)
            strategies = [self._space.base_triple] * len(genomes)
        return (yield from self._conclude(genomes, strategies))

    def _families(self, rng: np.random.Generator) -> Steps[tuple[list[IntArray], list[IntArray]]]:
        """The best base, once a stage, and its strategies."""
        best: tuple[float, IntArray, list[IntArray]] | None = None
        batch = idle = 0
        while idle < PATIENCE and (num := self._room()):
            before = self._notes.distinct
            bases = draw_bases(self._problem, num=num, rng=rng)
            strategies = [
                _random_feasible(self._problem, bases, stage=stage, rng=rng)
                for stage in range(self._problem.num_stages)
            ]
            fitness = yield from self._fitness(bases, strategies, batch)
            row = int(fitness.argmax())
            if best is None or fitness[row] > best[0]:
                best = float(fitness[row]), bases[row], [triples[row] for triples in strategies]
            idle = idle + 1 if self._notes.distinct == before else 0
            batch += 1
        assert best is not None
        return [best[1]] * self._problem.num_stages, best[2]

    def _networks(self, rng: np.random.Generator) -> Steps[list[IntArray]]:
        """The best network of every budget."""
        problem, base = self._problem, self._space.base_triple
        num = self._num_evaluations // problem.num_stages
        found = []
        for stage in range(problem.num_stages):
            pairs = draw_pairs(problem, strategies=base[None], stage=stage, num=num, rng=rng)
            scores = yield from self._notes.score(Population(pairs[:, :-3], pairs[:, -3:]))
            self._notes.note(scores, iteration=1, phase="base", stage=stage)
            found.append(pairs[scores.argmax(), :-3])
        return found

    def _room(self) -> int:
        """Families that may still be scored, a batch at most."""
        left = self._num_evaluations - self._last - self._notes.distinct
        return min(BATCH, left // len(self._problem.scored_stages))

    def _fitness(
        self, bases: IntArray, strategies: Sequence[IntArray], batch: int
    ) -> Steps[Scores]:
        stages = self._problem.scored_stages
        fitness, _ = yield from self._weighed(
            [Population(bases, strategies[stage]) for stage in stages]
        )
        self._notes.note(fitness, iteration=1, phase="base", stage=None, generation=batch)
        return fitness


def _random_feasible(
    problem: Problem, bases: IntArray, *, stage: int, rng: np.random.Generator
) -> IntArray:
    """For each base a feasible strategy of the stage, uniformly: (bases, 3)."""
    inside: BoolArray = problem.feasible(bases, stage=stage)
    picks = np.where(inside, rng.random(inside.shape), -1.0).argmax(axis=1)
    drawn: IntArray = problem.strategies(stage)[picks]
    return drawn
