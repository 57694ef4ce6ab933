"""One evolutionary search over integer rows, whatever they stand for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from escalade.core.space.path import IntArray
from escalade.search.dialogue import Steps
from escalade.search.operators.gene_operators import Scores, crossover, mutate, roulette

# Rounds of drafting children until a generation is full of new, legal ones.
MAX_DRAFTS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Evolution:
    """Settings of an evolutionary search.

    Args:
        population: survivors, and candidates scored, per generation (section 4.1).
        generations: including the first, which scores what it starts from.
        crossover: share of the children made by crossover, the rest by mutation.
        mutation: chance of each gene of a mutated child to change.
        pressure: how many times likelier the best is to be a parent than the worst; None, as in
            the paper, for chances proportional to the score itself.
    """

    population: int = 64
    generations: int = 40
    crossover: float = 0.5
    mutation: float = 0.1
    pressure: float | None = None

    def __post_init__(self) -> None:
        if self.population < 2 or self.generations < 1:
            raise ValueError(
                f"evolution: population {self.population} and generations {self.generations}; "
                "use at least 2 and 1"
            )
        if not (0 <= self.crossover <= 1 and 0 < self.mutation <= 1):
            raise ValueError(
                f"evolution: crossover {self.crossover} and mutation {self.mutation} "
                "are shares; mutation is positive"
            )
        if self.pressure is not None and self.pressure < 1:
            raise ValueError(f"evolution.pressure: {self.pressure} is below 1")


Filter = Callable[[IntArray], IntArray]
Fitness = Callable[[IntArray, int], Steps[Scores]]


def evolve(
    start: IntArray,
    *,
    settings: Evolution,
    num_choices: IntArray,
    legal: Filter,
    key: Callable[[IntArray], str],
    fitness: Fitness,
    rng: np.random.Generator,
) -> Steps[tuple[IntArray, Scores]]:
    """Parents by roulette, children by crossover or mutation, the best survive.

    Args:
        start: rows of the first generation, legal.
        settings: sizes and rates.
        num_choices: per column.
        legal: repairs rows and drops those outside the budgets.
        key: says which rows are the same network; none is scored twice.
        fitness: steps that score rows, given the generation's number.

    Returns:
        The survivors and their scores, best first.
    """
    seen: set[str] = set()
    state = _fresh(start, key, seen, most=len(start))
    scores = yield from fitness(state, 0)
    for generation in range(1, settings.generations):
        children = _offspring(
            state, scores, settings=settings, num_choices=num_choices, rng=rng,
            fresh=lambda rows, most: _fresh(legal(rows), key, seen, most=most),
        )  # fmt: skip
        if not len(children):
            break
        new = yield from fitness(children, generation)
        state, scores = np.concatenate([state, children]), np.concatenate([scores, new])
        best = np.argsort(-scores, kind="stable")[: settings.population]
        state, scores = state[best], scores[best]
    order = np.argsort(-scores, kind="stable")
    return state[order], scores[order]


def _offspring(
    state: IntArray,
    scores: Scores,
    *,
    settings: Evolution,
    num_choices: IntArray,
    fresh: Callable[[IntArray, int], IntArray],
    rng: np.random.Generator,
) -> IntArray:
    """A generation of new children; fewer where the neighbourhood is exhausted."""
    num = settings.population
    children = np.empty((0, state.shape[1]), dtype=np.int64)
    for _ in range(MAX_DRAFTS):
        if len(children) == num:
            break
        parents = roulette(scores, num=2 * num, pressure=settings.pressure, rng=rng)
        first, second = state[parents[:num]], state[parents[num:]]
        crossed = crossover(first, second=second, rng=rng)
        mutated = mutate(first, num_choices=num_choices, rate=settings.mutation, rng=rng)
        by_crossover = rng.random((num, 1)) < settings.crossover
        drafts = np.where(by_crossover, crossed, mutated)
        children = np.concatenate([children, fresh(drafts, num - len(children))])
    return children


def _fresh(
    rows: IntArray, key: Callable[[IntArray], str], seen: set[str], *, most: int
) -> IntArray:
    """The first rows of networks not seen before, `most` at most."""
    kept: list[int] = []
    for i, row in enumerate(rows):
        if len(kept) == most:
            break
        name = key(row)
        if name not in seen:
            seen.add(name)
            kept.append(i)
    return rows[np.array(kept, dtype=np.int64)]
