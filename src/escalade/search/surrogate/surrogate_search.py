"""A search that proposes by a model of all scores so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from escalade.artefacts.searched import Searched
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.regression import Floats
from escalade.core.numbers.seeds import generator
from escalade.core.space.path import IntArray, Population
from escalade.core.space.space import Space
from escalade.search.dialogue import Steps
from escalade.search.ladder_search import LadderSearch
from escalade.search.operators.bases import draw_bases
from escalade.search.operators.gene_operators import crossover, mutate
from escalade.search.operators.starts import draw_pairs
from escalade.search.problem import allowed_costs
from escalade.search.surrogate.families import Families
from escalade.search.surrogate.model import Surrogate, why_none
from escalade.search.surrogate.plain_start import plain_genomes

# Of each batch's candidates: random networks, children of the best so far, and their parents.
NUM_RANDOM, NUM_CHILDREN, NUM_PARENTS = 192, 192, 24
MUTATION = 0.12
# Strategies of a base and stage that a batch looks at.
MOST_STRATEGIES = 12


class SurrogateSearch(LadderSearch):
    """Batches of networks that a model, drawn from its posterior, holds to be the best.

    The first batch is random, with the space's plain base where it has one. Then the model is
    fitted to all scores, and each network of a batch is the best of many candidates (random ones,
    children of the best so far) under one draw of its coefficients (Thompson sampling), the first
    under their mean. In a space with scaling a candidate is a base with its best strategies; in
    others each budget has candidates of its own.

    Args:
        num_images: on which accuracies are measured, which tells their noise.
        population: bases a batch; in spaces without scaling, networks a batch and budget.
        generations: batches.
        pi: weights per stage, as for MCEA.
    """

    def __init__(
        self,
        space: Space,
        *,
        budgets: Sequence[Budget],
        seed: int,
        num_images: int,
        population: int,
        generations: int,
        pi: Sequence[float] | None = None,
    ) -> None:
        super().__init__(space, budgets=budgets, seed=seed, num_images=num_images, pi=pi)
        self._population, self._generations = population, generations
        self._num_choices = np.array([gene.num_choices for gene in space.genes])

    def _steps_of_search(self) -> Steps[Searched]:
        if self._problem.scales:
            return (yield from self._joint())
        return (yield from self._each())

    def _joint(self) -> Steps[Searched]:
        """Bases with their strategies; the family of the best weighted score is found."""
        best: tuple[float, Population] | None = None
        for batch in range(self._generations):
            rng = generator(self._seed, "search", "surrogate", batch)
            chosen = self._families(rng, None if batch == 0 else self._model())
            if not chosen:
                break
            fitness, _ = yield from self._weighed(
                [
                    Population.concatenate([family[np.array([stage])] for family in chosen])
                    for stage in self._problem.scored_stages
                ]
            )
            self._notes.note(fitness, iteration=1, phase="base", stage=None, generation=batch)
            row = int(fitness.argmax())
            if best is None or fitness[row] > best[0]:
                best = float(fitness[row]), chosen[row]
        assert best is not None
        return (yield from self._conclude(list(best[1].genomes), list(best[1].strategies)))

    def _families(self, rng: np.random.Generator, model: Surrogate | None) -> list[Population]:
        """The families of a batch, new ones only: (stages,) networks each."""
        problem = self._problem
        num = NUM_RANDOM if model else self._population
        bases = draw_bases(problem, num=num, rng=rng)
        parents = self._parents(model, None)
        added = self._children(parents, rng, lambda rows: rows[problem.legal(rows)])
        bases = _distinct(np.concatenate([bases, added]))
        families = Families.of(problem, bases, most=MOST_STRATEGIES, rng=rng)
        drawn = self._draws(model, families.rows, rng)
        known: set[str] = set()
        chosen: list[Population] = []
        for values in drawn:
            fitness, picks = families.best(values)
            for base in np.argsort(-fitness, kind="stable"):
                family = families.members(picks[:, base])
                name = self._key(family[np.array(problem.scored_stages)])
                if name is not None and name not in known:
                    known.add(name)
                    chosen.append(family)
                    break
        return chosen

    def _each(self) -> Steps[Searched]:
        """Networks of every budget; the best score of each is found."""
        problem = self._problem
        best: list[tuple[float, IntArray]] = [(-1.0, np.empty(0, dtype=np.int64))] * len(
            problem.budgets
        )
        for batch in range(self._generations):
            rng = generator(self._seed, "search", "surrogate", batch)
            model = None if batch == 0 else self._model()
            parts = [self._networks(rng, model, stage) for stage in range(problem.num_stages)]
            if not sum(map(len, parts)):
                break
            scores = yield from self._notes.score(Population.concatenate(parts))
            ends = np.cumsum([len(part) for part in parts])[:-1]
            for stage, (part, told) in enumerate(zip(parts, np.split(scores, ends), strict=True)):
                if not len(part):
                    continue
                self._notes.note(told, iteration=1, phase="base", stage=stage, generation=batch)
                row = int(told.argmax())
                if told[row] > best[stage][0]:
                    best[stage] = float(told[row]), part.genomes[row]
        base = self._space.base_triple
        return (yield from self._conclude([genome for _, genome in best], [base] * len(best)))

    def _networks(
        self, rng: np.random.Generator, model: Surrogate | None, stage: int
    ) -> Population:
        """The networks of a batch for one budget, new ones only."""
        problem, base = self._problem, self._space.base_triple[None]
        num = NUM_RANDOM if model else self._population
        drawn = draw_pairs(problem, strategies=base, stage=stage, num=num, rng=rng)[:, :-3]
        budget = problem.budgets[stage]

        def inside(rows: IntArray) -> IntArray:
            return rows[problem.inside(rows, strategies=base, budget=budget)[:, 0]]

        added = self._children(self._parents(model, stage), rng, inside)
        genomes = _distinct(np.concatenate([drawn, added]))
        rows = Population(genomes, np.repeat(base, len(genomes), axis=0))
        chosen: dict[str, int] = {}
        for values in self._draws(model, rows, rng):
            for row in np.argsort(-values, kind="stable"):
                name = self._key(rows[np.array([row])])
                if name is not None and name not in chosen:
                    chosen[name] = int(row)
                    break
        return rows[np.array(list(chosen.values()), dtype=np.int64)]

    def _model(self) -> Surrogate | None:
        """Fitted to all scores, None while there are too few."""
        _, scores = self._notes.scored
        if why_none(scores):
            return None
        return Surrogate.fit(self._space, notes=self._notes, num_images=self._num_images)

    def _draws(self, model: Surrogate | None, rows: Population, rng: np.random.Generator) -> Floats:
        """What candidates may be worth: (batch, rows); the first row is the mean."""
        num = self._population
        if model is None:
            return rng.random((num, len(rows)))
        return np.concatenate(
            [model.expected(rows, exact=False).mean[None], model.draws(rows, num=num, rng=rng)]
        )[:num]

    def _parents(self, model: Surrogate | None, stage: int | None) -> IntArray:
        """The best genomes so far (of one budget, or of all), and the plain one."""
        found = [plain_genomes(self._space)]
        if model is not None:
            population, _ = self._notes.scored
            budgets = self._problem.budgets
            if stage is not None:
                costs = allowed_costs(self._space, population, self._problem.kind)
                budget = budgets[stage]
                population = population[(costs >= budget.low) & (costs <= budget.high)]
            worth = model.expected(population, exact=False).mean
            order = np.argsort(-worth, kind="stable")
            found.append(_distinct(population.genomes[order])[:NUM_PARENTS])
        return np.concatenate(found)

    def _children(
        self,
        parents: IntArray,
        rng: np.random.Generator,
        legal: Callable[[IntArray], IntArray],
    ) -> IntArray:
        """The parents that are legal, and legal children of theirs."""
        if not len(parents):
            return parents
        first, second = (parents[rng.integers(0, len(parents), NUM_CHILDREN)] for _ in range(2))
        crossed = crossover(first, second=second, rng=rng)
        drafts = mutate(crossed, num_choices=self._num_choices, rate=MUTATION, rng=rng)
        return legal(self._space.repair(np.concatenate([parents, drafts])))

    def _key(self, population: Population) -> str | None:
        """What tells networks scored together from others; None where all are known."""
        pairs = list(zip(population.genomes, population.strategies, strict=True))
        if all(self._notes.known(*pair) is not None for pair in pairs):
            return None
        return " ".join(self._notes.key(*pair) for pair in pairs)


def _distinct(genomes: IntArray) -> IntArray:
    """Each genome once, in the order of their first places."""
    if not len(genomes):
        return genomes
    _, first = np.unique(genomes, axis=0, return_index=True)
    kept: IntArray = genomes[np.sort(first)]
    return kept
