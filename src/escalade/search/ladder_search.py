"""What searches of a ladder have in common: they choose one network for each budget."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np

from escalade.artefacts.searched import Searched, TiedStrategy
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.statistics import difference_standard_error, within_standard_errors
from escalade.core.scaling.ratios import scaling_between
from escalade.core.space.path import IntArray, Population
from escalade.core.space.space import Space
from escalade.search.dialogue import Dialogue, Steps
from escalade.search.notebook import Notebook
from escalade.search.operators.gene_operators import Scores
from escalade.search.problem import Problem
from escalade.search.recording import searched_stage, sum_up


class LadderSearch(Dialogue):
    """A search of a space for a network of each budget.

    Args:
        space: choices and strategies.
        budgets: a rising ladder.
        seed: of every random choice.
        num_images: on which accuracies are measured; says which strategies are tied.
        pi: weights per stage; by default equal over stages 1 to M (`Problem.of`).

    Raises:
        ValueError: for budgets or weights that do not fit the space.
    """

    def __init__(
        self,
        space: Space,
        *,
        budgets: Sequence[Budget],
        seed: int,
        num_images: int,
        pi: Sequence[float] | None = None,
    ) -> None:
        self._problem, self._space = Problem.of(space, budgets=budgets, pi=pi), space
        self._seed, self._num_images = seed, num_images
        self._notes = Notebook(space)
        super().__init__(self._steps_of_search(), num_genes=space.num_genes)

    @abstractmethod
    def _steps_of_search(self) -> Steps[Searched]:
        """The search, which begins when it is first asked."""

    def _weighed(self, parts: Sequence[Population]) -> Steps[tuple[Scores, Scores]]:
        """Score bases under strategies: the pi-weighted mean accuracy of each (equation 4).

        Args:
            parts: the bases' networks of each stage that counts.

        Returns:
            The means, (bases,), and the scores that they are of, (stages, bases).
        """
        scores = yield from self._notes.score(Population.concatenate(list(parts)))
        by_stage: Scores = scores.reshape(len(parts), -1)
        weights = np.array([self._problem.weights[stage] for stage in self._problem.scored_stages])
        return weights @ by_stage, by_stage

    def _conclude(
        self, genomes: Sequence[IntArray], strategies: Sequence[IntArray], **more: Any
    ) -> Steps[Searched]:
        """Score what is still missing of the chosen networks, one a stage, and sum up.

        In a space without scaling, members' ratios are those that they stand in to the smallest.
        """
        scores = yield from self._notes.score(Population(np.stack(genomes), np.stack(strategies)))
        return self._summed(genomes, strategies, scores=scores, **more)

    def _summed(
        self,
        genomes: Sequence[IntArray],
        strategies: Sequence[IntArray],
        *,
        scores: Scores | None,
        **more: Any,
    ) -> Searched:
        """The chosen networks, one a stage; without scores where nothing was scored."""
        problem = self._problem
        paths = self._space.paths(Population(np.stack(genomes), np.stack(strategies)))
        stages = []
        for stage, (path, budget) in enumerate(zip(paths, problem.budgets, strict=True)):
            genome, strategy = genomes[stage], strategies[stage]
            score = None if scores is None else float(scores[stage])
            scaling = self._space.scaling(strategy)
            if not problem.scales:
                scaling = scaling_between(paths[0].architecture, path.architecture)
            made = searched_stage(
                path,
                stage=stage,
                budget=budget.target,
                gap=budget.gap(float(problem.costs(genome[None], strategy[None])[0, 0])),
                scaling=scaling,
                score=score,
                num_images=self._num_images,
                tied=()
                if score is None
                else self._tied(genome, strategy, stage=stage, score=score),
            )
            stages.append(made)
        return sum_up(
            self._space,
            seed=self._seed,
            budget_kind=problem.kind,
            pi=problem.weights,
            stages=stages,
            notes=self._notes,
            **more,
        )

    def _tied(
        self, genome: IntArray, strategy: IntArray, *, stage: int, score: float
    ) -> tuple[TiedStrategy, ...]:
        """The chosen strategy, then the others of this base and stage that it cannot be told from.

        Strategies that make the same network of this base are one; each is listed once.
        """
        error = difference_standard_error(score, num_images=self._num_images)
        listed = [strategy]
        if stage > 0:
            inside = self._problem.feasible(genome[None], stage=stage)[0]
            listed += list(self._problem.strategies(stage)[inside])
        tied: dict[str, TiedStrategy] = {}
        for triple in listed:
            known = self._notes.known(genome, triple)
            if known is not None and within_standard_errors(
                known, score, standard_error=error, num_standard_errors=1.0
            ):
                made = tied_strategy(self._problem, genome, triple, known)
                tied.setdefault(self._notes.key(genome, triple), made)
        return tuple(tied.values())


def tied_strategy(
    problem: Problem, genome: IntArray, strategy: IntArray, score: float
) -> TiedStrategy:
    """A strategy of a base with its score, and what it makes of the base where there is scaling."""
    scaling = problem.space.scaling(strategy)
    architecture = problem.space.path(genome, strategy).architecture
    return TiedStrategy(
        depth=scaling.depth,
        width=scaling.width,
        resolution=scaling.resolution,
        score=score,
        architecture=architecture if problem.scales else None,
    )
