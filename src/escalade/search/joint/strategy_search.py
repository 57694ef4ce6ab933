"""The search over one stage's strategies with the base fixed (equations 7 and 8)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from escalade.core.space.population import IntArray, Population
from escalade.search.dialogue import Steps
from escalade.search.notebook import Notebook
from escalade.search.operators.evolution import Evolution, evolve
from escalade.search.operators.gene_operators import Scores, spread
from escalade.search.problem import Problem

# Where strategies are too many to enumerate, the limit is spent in this many generations.
NUM_GENERATIONS = 4
# A triple has three genes: a mutated one should change about one of them.
MUTATION = 0.34


def search_strategies(
    problem: Problem,
    notes: Notebook,
    *,
    base: IntArray,
    stage: int,
    current: IntArray,
    most: int,
    settings: Evolution,
    iteration: int,
    rng: np.random.Generator,
) -> Steps[IntArray]:
    """The best strategy (3,) of a stage for a base.

    All feasible strategies that make different networks are scored if they are `most` or fewer,
    otherwise they are evolved as triples of ratios. `current` is among them, and stays unless
    another is better.
    """
    candidates = _distinct(problem, notes, base=base, stage=stage, current=current)

    def fitness(rows: IntArray, generation: int) -> Steps[Scores]:
        paths = Population(np.repeat(base[None], len(rows), axis=0), rows)
        scores = yield from notes.score(paths)
        notes.note(
            scores, iteration=iteration, phase="strategy", stage=stage, generation=generation
        )
        return scores

    if len(candidates) <= most:
        scores = yield from fitness(candidates, 0)
        winner: IntArray = candidates[int(scores.argmax())]
        return winner

    def legal(rows: IntArray) -> IntArray:
        near = problem.coordinates(rows)[:, None] - problem.coordinates(candidates)
        snapped: IntArray = candidates[np.linalg.norm(near, axis=2).argmin(axis=1)]
        return snapped

    space, size = problem.space, max(2, most // NUM_GENERATIONS)
    ratios = space.ratios.axes
    others = candidates[1:]
    start = others[spread(problem.coordinates(others), num=size - 1)]
    state, _ = yield from evolve(
        np.concatenate([candidates[:1], start]),
        settings=replace(settings, population=size, generations=NUM_GENERATIONS, mutation=MUTATION),
        num_choices=np.array([len(union) for union in ratios]),
        legal=legal,
        key=lambda row: notes.key(base, row),
        fitness=fitness,
        rng=rng,
    )
    best: IntArray = state[0]
    return best


def _distinct(
    problem: Problem, notes: Notebook, *, base: IntArray, stage: int, current: IntArray
) -> IntArray:
    """Feasible strategies that make different networks of this base, the current one first."""
    inside = problem.feasible(base[None], stage=stage)[0]
    listed = np.concatenate([current[None], problem.strategies(stage)[inside]])
    first: dict[str, int] = {}
    for i, triple in enumerate(listed):
        first.setdefault(notes.key(base, triple), i)
    kept: IntArray = listed[np.array(list(first.values()))]
    return kept
