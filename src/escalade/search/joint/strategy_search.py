"""The search over one stage's strategies with the base fixed (equations 7 and 8)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from escalade.core.space.path import IntArray, Population
from escalade.search.dialogue import Steps
from escalade.search.notebook import Notebook
from escalade.search.operators.evolution import Evolution, evolve
from escalade.search.operators.gene_operators import Scores, spread
from escalade.search.problem import BoolArray, Problem

# Where strategies are too many to enumerate, the limit is spent in this many generations.
NUM_GENERATIONS = 4
# A triple has three genes: a mutated one should change about one of them.
MUTATION = 0.34
# A strategy's effect is shrunk as if one more base had found it average.
SHRINKAGE = 1.0


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


def rank_strategies(
    problem: Problem, notes: Notebook, *, bases: IntArray, stage: int, most: int
) -> Steps[IntArray]:
    """The strategy (3,) of a stage with the best mean accuracy over the bases it is feasible for.

    Not every strategy suits every base, and a strategy must not win because the better bases
    admit it. So accuracy is fitted as base effect plus strategy effect, the latter shrunk towards
    zero for strategies tried on few bases. With complete data this is the paper's mean over K
    bases. The best is taken where the paper draws in proportion to the mean.

    Args:
        bases: K legal genomes.
        stage: 1 or more.
        most: strategies tried; if there are more, a deterministic choice of those that suit the
            most bases, spread over depth, width and resolution.
    """
    inside = problem.feasible(bases, stage=stage)
    columns = _candidates(problem, inside, stage=stage, most=most)
    rows, picks = np.nonzero(inside[:, columns])
    strategies = problem.strategies(stage)[columns]
    scores = yield from notes.score(Population(bases[rows], strategies[picks]))
    notes.note(scores, iteration=0, phase="initial", stage=stage)
    effects = _effects(rows, picks, scores)
    best: IntArray = strategies[int(effects.argmax())]
    return best


def _candidates(problem: Problem, inside: BoolArray, *, stage: int, most: int) -> IntArray:
    """Columns of the strategies to try."""
    suits = inside.sum(axis=0)
    columns = np.flatnonzero(suits)
    if len(columns) <= most:
        return columns
    common = np.flatnonzero(suits >= max(1, suits.max() / 2))
    columns = common if len(common) >= most else np.argsort(-suits, kind="stable")[:most]
    points = problem.coordinates(problem.strategies(stage)[columns])
    return np.sort(columns[spread(points, num=most)])


def _effects(rows: IntArray, picks: IntArray, scores: Scores) -> npt.NDArray[np.float64]:
    """Strategy effects of the additive model, by ridge regression: (strategies,)."""
    num_rows, num_picks = int(rows.max()) + 1, int(picks.max()) + 1
    design = np.zeros((len(scores) + num_picks, num_rows + num_picks))
    at = np.arange(len(scores))
    design[at, rows] = design[at, num_rows + picks] = 1.0
    penalty = np.arange(num_picks)
    design[len(scores) + penalty, num_rows + penalty] = np.sqrt(SHRINKAGE)
    response = np.concatenate([scores, np.zeros(num_picks)])
    solution = np.linalg.lstsq(design, response, rcond=None)[0]
    effects: npt.NDArray[np.float64] = solution[num_rows:].round(12)
    return effects
