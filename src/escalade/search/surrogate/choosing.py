"""Any search, its result chosen by a model of all its scores, never by the largest noisy one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from escalade.artefacts.children import Children
from escalade.artefacts.searched import (
    Base,
    Searched,
    SearchedStage,
    SurrogateFacts,
    TiedStrategy,
    Worth,
)
from escalade.core.numbers.regression import Normal
from escalade.core.scaling.ratios import scaling_between
from escalade.core.space.path import IntArray, Path, Population
from escalade.search.dialogue import Dialogue, Steps
from escalade.search.ladder_search import tied_strategy
from escalade.search.notebook import Notebook
from escalade.search.operators.gene_operators import Scores
from escalade.search.problem import Problem, allowed_costs
from escalade.search.protocol import Searcher
from escalade.search.recording import searched_stage
from escalade.search.surrogate.families import Families
from escalade.search.surrogate.model import Surrogate, why_none

# Networks chosen without a score of their own are scored, and chosen anew, so often at most.
MOST_ROUNDS = 4
# Of more bases than this, those that are worth most at their own size are looked at.
MOST_BASES = 256

Allowed = Callable[[Population, Scores], npt.NDArray[np.bool_]]
Rechosen = Callable[[Searched, Sequence[Path]], Searched]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How the networks of a search are chosen.

    Attributes:
        problem: the budgets, and how much each counts.
        joint: members are one base, scaled; else each budget has a network of its own.
        num_images: on which accuracies are measured.
        allowed: which scored networks keep the limits of the search.
        rechosen: what else of a result depends on its networks.
    """

    problem: Problem
    joint: bool
    num_images: int
    allowed: Allowed
    rechosen: Rechosen

    def best(self, surrogate: Surrogate) -> Population:
        """The networks of the greatest posterior mean, one a budget."""
        if self.joint:
            families = self.families(surrogate)
            fitness, picks = families.best(surrogate.expected(families.rows).mean)
            return families.members(picks[:, int(fitness.argmax())])
        rows = [
            inside[np.array([surrogate.expected(inside).mean.argmax()])]
            for inside in self.inside(surrogate)
        ]
        return Population.concatenate(rows)

    def families(self, surrogate: Surrogate) -> Families:
        """The scored bases with their strategies, scored or not."""
        problem, (population, _) = self.problem, surrogate.notes.scored
        bases = np.unique(population.genomes, axis=0)
        bases = bases[problem.legal(bases)]
        if len(bases) > MOST_BASES:
            alone = Population(
                bases, np.repeat(problem.space.base_triple[None], len(bases), axis=0)
            )
            order = np.argsort(-surrogate.expected(alone).mean, kind="stable")
            bases = bases[np.sort(order[:MOST_BASES])]
        return Families.of(problem, bases)

    def inside(self, surrogate: Surrogate) -> list[Population]:
        """The scored networks inside each budget that may be chosen."""
        problem, (population, scores) = self.problem, surrogate.notes.scored
        costs = allowed_costs(problem.space, population, problem.kind)
        allowed = self.allowed(population, scores)
        return [
            population[allowed & (costs >= budget.low) & (costs <= budget.high)]
            for budget in problem.budgets
        ]


class Chosen(Dialogue):
    """A search as it is, and then the choice of its networks by all of its scores.

    What the inner search asks is asked, in its order; networks that are chosen without a score are
    asked at the end.
    """

    def __init__(self, inner: Searcher, *, choice: Choice) -> None:
        self._inner, self._choice = inner, choice
        self._notes = Notebook(choice.problem.space)
        super().__init__(self._steps_of_search(), num_genes=choice.problem.space.num_genes)

    @property
    def children(self) -> Children | None:
        return self._inner.children

    def _steps_of_search(self) -> Steps[Searched]:
        while len(population := self._inner.ask()):
            self._inner.tell((yield from self._notes.score(population)))
        found = self._inner.result()
        _, scores = self._notes.scored
        if why := why_none(scores):
            note = f"{why}; networks are chosen by their own scores"
            return replace(found, surrogate=SurrogateFacts(num_scores=len(scores), note=note))
        for _ in range(MOST_ROUNDS):
            surrogate = self._fitted()
            chosen, before = self._choice.best(surrogate), self._notes.distinct
            yield from self._notes.score(chosen)
            if self._notes.distinct == before:
                break
        else:
            surrogate = self._fitted()
        return rewritten(found, chosen, choice=self._choice, surrogate=surrogate)

    def _fitted(self) -> Surrogate:
        space, num_images = self._choice.problem.space, self._choice.num_images
        return Surrogate.fit(space, notes=self._notes, num_images=num_images)


def rewritten(
    found: Searched, chosen: Population, *, choice: Choice, surrogate: Surrogate
) -> Searched:
    """A result with other networks, which have scores, as the search would have written it."""
    space = choice.problem.space
    paths, worth = space.paths(chosen), surrogate.expected(chosen)
    stages = [
        _stage(found, chosen, paths, row, worth, choice, surrogate) for row in range(len(paths))
    ]
    changed = replace(
        found,
        stages=tuple(stages),
        base=Base.of(stages[0]),
        evaluations=replace(found.evaluations, distinct=surrogate.notes.distinct),
        surrogate=surrogate.facts,
    )
    return choice.rechosen(changed, paths)


def _stage(
    found: Searched,
    chosen: Population,
    paths: Sequence[Path],
    row: int,
    worth: Normal,
    choice: Choice,
    surrogate: Surrogate,
) -> SearchedStage:
    problem, before = choice.problem, found.stages[row]
    path, budget = paths[row], problem.budgets[row]
    scaling = scaling_between(paths[0].architecture, path.architecture)
    one = chosen[np.array([row])]
    score = float(surrogate.notes.known_scores(one)[0])
    tied: tuple[TiedStrategy, ...] = ()
    if choice.joint:
        scaling = problem.space.scaling(path.strategy)
        tied = _tied(chosen, row, choice, surrogate)
    elif before.tied:
        tied = (tied_strategy(problem, one.genomes[0], one.strategies[0], score),)
    made = searched_stage(
        path,
        stage=before.stage,
        budget=budget.target,
        gap=budget.gap(float(problem.space.costs(one, problem.kind)[0])),
        scaling=scaling,
        score=score,
        num_images=choice.num_images,
        tied=tied,
    )
    return replace(made, worth=Worth(mean=float(worth.mean[row]), sd=float(worth.sd[row])))


def _tied(
    chosen: Population, row: int, choice: Choice, surrogate: Surrogate
) -> tuple[TiedStrategy, ...]:
    """The strategy, then others of this base and stage that are worth as much, nearly."""
    problem, notes = choice.problem, surrogate.notes
    genome, strategy = chosen.genomes[row], chosen.strategies[row]
    listed: list[IntArray] = [strategy]
    if row > 0:
        inside = problem.feasible(genome[None], stage=row)[0]
        listed += list(problem.strategies(row)[inside])
    triples = np.stack(listed)
    pairs = Population(np.repeat(genome[None], len(triples), axis=0), triples)
    worth, scores = surrogate.expected(pairs), notes.known_scores(pairs)
    near = worth.mean >= worth.mean[0] - np.hypot(worth.sd, worth.sd[0])
    tied: dict[str, TiedStrategy] = {}
    for i in np.flatnonzero(near & ~np.isnan(scores)):
        made = tied_strategy(problem, genome, triples[i], float(scores[i]))
        tied.setdefault(notes.key(genome, triples[i]), made)
    return tuple(tied.values())
