"""Evolutionary operators on integer rows; every random choice takes its generator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from escalade.core.space.path import IntArray

Scores = npt.NDArray[np.float64]


def crossover(first: IntArray, *, second: IntArray, rng: np.random.Generator) -> IntArray:
    """Uniform crossover, row by row: each gene comes from either parent with equal chance."""
    return np.where(rng.random(first.shape) < 0.5, first, second)


def mutate(
    rows: IntArray, *, num_choices: IntArray, rate: float, rng: np.random.Generator
) -> IntArray:
    """Replace each gene, with probability `rate`, by another of its choices, uniformly.

    Genes with a single choice stay.
    """
    changed = (rng.random(rows.shape) < rate) & (num_choices > 1)
    steps = 1 + (rng.random(rows.shape) * (num_choices - 1)).astype(np.int64)
    return np.where(changed, (rows + steps) % num_choices, rows)


def selection_probabilities(scores: Scores, *, pressure: float | None) -> Scores:
    """Chance of each candidate to be a parent: the chain's transitions (equations 6 and 8).

    With None they are proportional to the score, as in the paper. Scores of a supernet lie so
    close together (0.60 to 0.64, say) that this is nearly uniform, and that the best survive does
    the selecting; on synthetic landscapes pressures of 1 to 10 found equally good families. With a
    pressure a floor is subtracted first: the best is that many times as likely as the worst,
    linear in the score between.
    """
    if pressure is None:
        weights = scores
    else:
        span = np.ptp(scores)
        relative = (scores - scores.min()) / span if span > 0 else np.zeros_like(scores)
        weights = 1 + (pressure - 1) * relative
    total = float(weights.sum())
    return weights / total if total > 0 else np.full(len(scores), 1 / len(scores))


def roulette(
    scores: Scores, *, num: int, pressure: float | None, rng: np.random.Generator
) -> IntArray:
    """Indices of `num` parents, drawn with replacement by `selection_probabilities`."""
    chances = selection_probabilities(scores, pressure=pressure)
    return rng.choice(len(scores), size=num, p=chances).astype(np.int64)


def spread(points: npt.NDArray[np.float64], *, num: int) -> IntArray:
    """Indices of `num` points far from each other, the most central first; deterministic.

    Each next point is the one farthest from all chosen (ties: the first in the list).
    """
    distance = np.linalg.norm(points - points.mean(axis=0), axis=1)
    chosen = [int(distance.argmin())]
    nearest = np.linalg.norm(points - points[chosen[0]], axis=1)
    while len(chosen) < min(num, len(points)):
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(points - points[chosen[-1]], axis=1))
        nearest[chosen] = -1.0
    return np.array(chosen, dtype=np.int64)
