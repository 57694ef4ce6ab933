"""Independent searches, one per budget: the paper's baseline without a shared base."""

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
from escalade.search.operators.evolution import Evolution, evolve
from escalade.search.operators.gene_operators import Scores
from escalade.search.operators.starts import draw_pairs


class IndependentSearch(LadderSearch):
    """For each budget a search of its own over all bases and all strategies of all stages.

    The members share no base; a member's scaling is relative to its own, and in a space without
    scaling to the smallest member. Operators are MCEA's; a child outside the budget takes the
    nearest strategy inside it. Scores found for one budget are not asked again for another.

    Args:
        budgets: a rising ladder.
    """

    def __init__(
        self,
        space: Space,
        *,
        budgets: Sequence[Budget],
        seed: int,
        num_images: int,
        evolution: Evolution | None = None,
    ) -> None:
        weights = [1.0] * len(budgets)
        super().__init__(space, budgets=budgets, seed=seed, num_images=num_images, pi=weights)
        self._settings = evolution or Evolution()
        pool = [self._problem.strategies(stage) for stage in range(space.num_stages)]
        self._strategies: IntArray = np.unique(np.concatenate(pool), axis=0)

    def _steps_of_search(self) -> Steps[Searched]:
        found = []
        for stage in range(self._problem.num_stages):
            row = yield from self._search(stage)
            found.append(row)
        strategies = [row[-3:] for row in found]
        return (yield from self._conclude([row[:-3] for row in found], strategies))

    def _search(self, stage: int) -> Steps[IntArray]:
        """The best row, genome and strategy side by side, inside one budget."""
        rng = generator(self._seed, "search", "independent", stage)
        space = self._space
        start = draw_pairs(
            self._problem, strategies=self._strategies, stage=stage,
            num=self._settings.population, rng=rng,
        )  # fmt: skip

        def fitness(rows: IntArray, generation: int) -> Steps[Scores]:
            scores = yield from self._notes.score(Population(rows[:, :-3], rows[:, -3:]))
            self._notes.note(scores, iteration=1, phase="base", stage=stage, generation=generation)
            return scores

        ratios = space.ratios.axes
        sizes = [gene.num_choices for gene in space.genes] + [len(union) for union in ratios]
        rows, _ = yield from evolve(
            start,
            settings=self._settings,
            num_choices=np.array(sizes),
            legal=lambda rows: self._legal(rows, stage),
            key=lambda row: self._notes.key(row[:-3], row[-3:]),
            fitness=fitness,
            rng=rng,
        )
        best: IntArray = rows[0]
        return best

    def _legal(self, rows: IntArray, stage: int) -> IntArray:
        genomes = self._space.repair(rows[:, :-3])
        strategies, found = self._problem.repair(
            genomes,
            strategies=self._strategies,
            budget=self._problem.budgets[stage],
            wanted=rows[:, -3:],
        )
        return np.concatenate([genomes, strategies], axis=1)[found]
