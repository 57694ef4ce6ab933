"""The Markov chain-based evolution algorithm: base and strategies searched in turns (MCEA)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from escalade.artefacts.searched import Searched
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import generator
from escalade.core.space.path import IntArray, Population
from escalade.core.space.space import Space
from escalade.search.dialogue import Steps
from escalade.search.joint.strategy_search import rank_strategies, search_strategies
from escalade.search.ladder_search import LadderSearch
from escalade.search.operators.bases import draw_bases
from escalade.search.operators.evolution import Evolution, evolve
from escalade.search.operators.gene_operators import Scores


class MCEA(LadderSearch):
    """ScaleNet's joint search of a base and a strategy per stage (section 3.3, equations 4 to 8).

    K random bases rank the strategies first. Then, T times: bases evolve under the current
    strategies, and each stage's strategies are searched under the best base. The population of
    bases goes on from round to round, as the state of the Markov chain.

    Deviations from the paper: a base whose stage budget the current strategy misses runs the
    nearest strategy that meets it (`Problem.nearest`); missing cells of the first ranking are
    modelled, and its best is taken, not drawn (`rank_strategies`).

    Args:
        budgets: a rising ladder, one per scaling stage, both bounds counting.
        num_bases: K (docs/explanation/deviations.md: 20).
        iterations: T (Table 3: 4 suffice).
        evolution: of the bases.
        strategies_per_stage: more than this many are not scored in one go.
        pi: weights per stage; equal over stages 1 to M by default.
    """

    def __init__(
        self,
        space: Space,
        *,
        budgets: Sequence[Budget],
        seed: int,
        num_images: int,
        num_bases: int = 20,
        iterations: int = 4,
        evolution: Evolution | None = None,
        strategies_per_stage: int = 64,
        pi: Sequence[float] | None = None,
    ) -> None:
        if min(num_bases, iterations, num_images) < 1 or strategies_per_stage < 2:
            raise ValueError(
                "search: num_bases, iterations and num_images are at least 1, "
                "strategies_per_stage at least 2"
            )
        super().__init__(space, budgets=budgets, seed=seed, num_images=num_images, pi=pi)
        self._settings = evolution or Evolution()
        self._most, self._num_bases, self._iterations = strategies_per_stage, num_bases, iterations

    def _steps_of_search(self) -> Steps[Searched]:
        problem = self._problem
        num = max(self._num_bases, self._settings.population)
        bases = draw_bases(problem, num=num, rng=generator(self._seed, "search", "bases"))
        current = [problem.space.base_triple]
        for stage in range(1, problem.num_stages):
            best = yield from rank_strategies(
                problem, self._notes, bases=bases[: self._num_bases], stage=stage,
                most=self._most,
            )  # fmt: skip
            current.append(best)
        state = bases[: self._settings.population]
        for iteration in range(1, self._iterations + 1):
            state = yield from self._evolve_bases(state, current, iteration)
            current = yield from self._search_stages(state[0], current, iteration)
        return (yield from self._conclude([state[0]] * problem.num_stages, current))

    def _evolve_bases(
        self, state: IntArray, current: Sequence[IntArray], iteration: int
    ) -> Steps[IntArray]:
        """Equations (5) and (6): the survivors under the current strategies, best first."""
        space, problem = self._problem.space, self._problem

        def legal(rows: IntArray) -> IntArray:
            repaired = space.repair(rows)
            return repaired[problem.legal(repaired)]

        def fitness(rows: IntArray, generation: int) -> Steps[Scores]:
            return self._fitness(rows, current, iteration=iteration, generation=generation)

        survivors, _ = yield from evolve(
            state,
            settings=self._settings,
            num_choices=np.array([gene.num_choices for gene in space.genes]),
            legal=legal,
            key=lambda row: self._notes.key(row, space.base_triple),
            fitness=fitness,
            rng=generator(self._seed, "search", "evolution", iteration),
        )
        return survivors

    def _fitness(
        self, rows: IntArray, current: Sequence[IntArray], *, iteration: int, generation: int
    ) -> Steps[Scores]:
        """The pi-weighted mean accuracy of bases under the current strategies (equation 4)."""
        problem, stages = self._problem, self._problem.scored_stages
        fitness, by_stage = yield from self._weighed(
            [
                Population(rows, problem.nearest(rows, stage=stage, wanted=current[stage]))
                for stage in stages
            ]
        )
        noted = [(None, fitness), *zip(stages, by_stage, strict=True)]
        for stage, values in noted:
            self._notes.note(
                values, iteration=iteration, phase="base", stage=stage, generation=generation
            )
        return fitness

    def _search_stages(
        self, base: IntArray, current: Sequence[IntArray], iteration: int
    ) -> Steps[list[IntArray]]:
        """Equations (7) and (8): the best strategy of each stage for the new base."""
        problem = self._problem
        found = [problem.space.base_triple]
        for stage in range(1, problem.num_stages):
            best = yield from search_strategies(
                problem, self._notes, base=base, stage=stage,
                current=problem.nearest(base[None], stage=stage, wanted=current[stage])[0],
                most=self._most, settings=self._settings, iteration=iteration,
                rng=generator(self._seed, "search", "strategies", iteration, stage),
            )  # fmt: skip
            found.append(best)
        return found
