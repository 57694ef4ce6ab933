from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalade.search.operators.gene_operators import (
    crossover,
    mutate,
    roulette,
    selection_probabilities,
    spread,
)

seeds = st.integers(0, 2**32 - 1)


@given(seed=seeds)
def test_crossover_takes_each_gene_from_a_parent(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 9, (2, 7, 5))
    child = crossover(first, second=second, rng=rng)
    assert ((child == first) | (child == second)).all()


def test_crossover_takes_from_both_about_equally():
    zeros = np.zeros((200, 50), dtype=np.int64)
    child = crossover(zeros, second=zeros + 1, rng=np.random.default_rng(0))
    assert child.mean() == pytest.approx(0.5, abs=0.02)


@given(seed=seeds, rate=st.floats(0, 1))
def test_mutation_stays_inside_the_choices(seed, rate):
    rng = np.random.default_rng(seed)
    choices = rng.integers(1, 6, 8)
    rows = (rng.random((20, 8)) * choices).astype(np.int64)
    mutant = mutate(rows, num_choices=choices, rate=rate, rng=rng)
    assert ((mutant >= 0) & (mutant < choices)).all()
    assert (mutant[:, choices == 1] == 0).all()


def test_a_mutated_gene_always_changes_and_uniformly():
    rows = np.full((9000, 1), 2)
    mutant = mutate(rows, num_choices=np.array([4]), rate=1.0, rng=np.random.default_rng(0))
    values, counts = np.unique(mutant, return_counts=True)
    assert values.tolist() == [0, 1, 3]
    assert counts / 9000 == pytest.approx(1 / 3, abs=0.03)


def test_rate_is_the_share_of_changed_genes():
    rows = np.zeros((1000, 20), dtype=np.int64)
    choices = np.full(20, 5)
    mutant = mutate(rows, num_choices=choices, rate=0.1, rng=np.random.default_rng(0))
    assert (mutant != 0).mean() == pytest.approx(0.1, abs=0.01)


def test_probabilities_by_hand():
    scores = np.array([0.60, 0.62, 0.64])
    literal = selection_probabilities(scores, pressure=None)
    assert literal == pytest.approx(scores / 1.86)
    pressed = selection_probabilities(scores, pressure=3.0)
    assert pressed == pytest.approx(np.array([1, 2, 3]) / 6)
    assert selection_probabilities(scores, pressure=1.0) == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize("scores", [[0.0, 0.0], [0.5, 0.5]])
@pytest.mark.parametrize("pressure", [None, 4.0])
def test_equal_scores_are_equally_likely(scores, pressure):
    assert selection_probabilities(np.array(scores), pressure=pressure).tolist() == [0.5, 0.5]


def test_roulette_follows_the_probabilities():
    picks = roulette(np.array([0.1, 0.3]), num=8000, pressure=None, rng=np.random.default_rng(0))
    assert picks.mean() == pytest.approx(0.75, abs=0.02)


def test_spread_takes_the_middle_then_the_corners():
    points = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1], [0.5, 0.5], [0.6, 0.5]])
    chosen = spread(points, num=5).tolist()
    assert chosen[0] == 4
    assert sorted(chosen[1:]) == [0, 1, 2, 3]
    assert sorted(spread(points, num=99).tolist()) == list(range(6))
