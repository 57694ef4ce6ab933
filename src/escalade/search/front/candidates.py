"""Candidates of a multi-objective search: new networks within what can be checked unscored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from escalade.core.numbers.budget import Budget
from escalade.core.space.path import IntArray, Population
from escalade.core.space.space import Space
from escalade.search.front.breeding import Breeder, Child
from escalade.search.front.constraints import Screen
from escalade.search.front.objectives import Objective, measured
from escalade.search.front.pareto import BoolArray, Floats
from escalade.search.operators.gene_operators import Scores, mutate
from escalade.search.operators.starts import draw_pairs
from escalade.search.problem import Problem

# Drafts of children, or of random networks, until enough are new and meet what needs no score.
MAX_DRAFTS = 100
# Random drafts are at least this large once the first few did not suffice.
DRAFT = 128
FIRST_LARGE = 5
# From here on half of a random draft are mutants of the networks nearest to the constraints.
FIRST_GUIDED = 20
NUM_GUIDES = 32
GUIDE_RATE = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class ScoredGenomes:
    """Scored networks: genomes (n, genes), accuracies (n,), objectives (n, m), less is better."""

    genomes: IntArray
    scores: Scores
    points: Floats

    def __len__(self) -> int:
        return len(self.genomes)

    def __getitem__(self, rows: IntArray | BoolArray) -> ScoredGenomes:
        return ScoredGenomes(self.genomes[rows], self.scores[rows], self.points[rows])

    def joined(self, other: ScoredGenomes) -> ScoredGenomes:
        """These networks, then the others."""
        return ScoredGenomes(
            np.concatenate([self.genomes, other.genomes]),
            np.concatenate([self.scores, other.scores]),
            np.concatenate([self.points, other.points]),
        )


class Candidates:
    """Draws networks that were never drawn before and meet the constraints on costs.

    Args:
        space: any; paths run under its base strategy.
    """

    def __init__(self, space: Space, *, objectives: Sequence[Objective], screen: Screen) -> None:
        self._space, self._objectives, self._screen = space, objectives, screen
        self._seen: set[bytes] = set()
        self.num_choices: IntArray = np.array([gene.num_choices for gene in space.genes])

    def random(self, num: int, *, rng: np.random.Generator) -> IntArray:
        """Random genomes, every gene uniform: (num, genes), fewer where no more are found."""
        found, guides = self._none, self._none
        for draft in range(MAX_DRAFTS):
            missing = num - len(found)
            size = missing if draft < FIRST_LARGE else max(missing, DRAFT)
            drawn = self._space.sample_genomes(rng, size)
            if draft >= FIRST_GUIDED and len(guides):
                drawn = self._guided(drawn, guides, rng)
            drawn = drawn[self._fresh(drawn)]
            meets = self._screen.affordable(self.paths(drawn))
            found = np.concatenate([found, drawn[meets]])
            if len(found) >= num:
                break
            pool = np.concatenate([guides, drawn])
            nearest = np.argsort(self._screen.excess(self.paths(pool)), kind="stable")
            guides = pool[nearest[:NUM_GUIDES]]
        # What is left over may come again.
        self._seen.difference_update(genome.tobytes() for genome in found[num:])
        return found[:num]

    def inside(self, budgets: Sequence[Budget], *, num: int, rng: np.random.Generator) -> IntArray:
        """Random genomes inside each budget, `num` each: (n, genes), fewer where no more are found.

        Raises:
            ValueError: for a budget that no network of the space meets.
        """
        if not budgets:
            return self._none
        problem = Problem(
            space=self._space,
            budgets=tuple(budgets),
            weights=(1 / len(budgets),) * len(budgets),
        )
        strategies = self._space.base_triple[None]
        found = []
        for stage in range(len(budgets)):
            rows = draw_pairs(problem, strategies=strategies, stage=stage, num=num, rng=rng)
            genomes = rows[:, : self._space.num_genes]
            genomes = genomes[self._fresh(genomes)]
            found.append(genomes[self._screen.affordable(self.paths(genomes))])
        return np.concatenate(found)

    def children(self, breeder: Breeder, num: int, *, rng: np.random.Generator) -> list[Child]:
        """Legal children of a generation; fewer where no more are found."""
        found: list[Child] = []
        for _ in range(MAX_DRAFTS):
            if len(found) == num:
                break
            drafts = breeder.draft(num - len(found), rng=rng)
            genomes = self._space.repair(np.stack([child.genome for child in drafts]))
            fresh = self._fresh(genomes)
            meets = self._screen.affordable(self.paths(genomes[fresh]))
            found += [replace(drafts[row], genome=genomes[row]) for row in fresh[meets]]
        return found

    def nothing(self) -> ScoredGenomes:
        return ScoredGenomes(self._none, np.empty(0), np.empty((0, len(self._objectives))))

    def paths(self, genomes: IntArray) -> Population:
        """Genomes under the base strategy."""
        return Population(genomes, np.repeat(self._space.base_triple[None], len(genomes), axis=0))

    def pool(self, genomes: IntArray, scores: Scores) -> ScoredGenomes:
        """Scored genomes with their objectives."""
        paths = self.paths(genomes)
        columns = [
            objective.signed(measured(objective.measure, self._space, paths, scores))
            for objective in self._objectives
        ]
        return ScoredGenomes(genomes, scores, np.stack(columns, axis=1))

    def accurate(self, pool: ScoredGenomes) -> ScoredGenomes:
        """Those that meet the constraints on the score."""
        return pool[self._screen.accurate(self.paths(pool.genomes), pool.scores)]

    @property
    def _none(self) -> IntArray:
        return np.empty((0, self._space.num_genes), dtype=np.int64)

    def _guided(self, drawn: IntArray, guides: IntArray, rng: np.random.Generator) -> IntArray:
        parents = guides[rng.integers(0, len(guides), len(drawn) // 2)]
        mutants = mutate(parents, num_choices=self.num_choices, rate=GUIDE_RATE, rng=rng)
        return np.concatenate([drawn[len(parents) :], self._space.repair(mutants)])

    def _fresh(self, genomes: IntArray) -> IntArray:
        """Rows never drawn before, each genome once; from now on they were."""
        rows = []
        for row, genome in enumerate(genomes):
            name = genome.tobytes()
            if name not in self._seen:
                self._seen.add(name)
                rows.append(row)
        return np.array(rows, dtype=np.int64)
