"""Rank agreement of scores with trainings, and what a choice by scores loses."""

from __future__ import annotations

import numpy as np
import pytest

from escalade.core.numbers.agreement import agreement, shrunk, stratified


def told(scores, trained, noise=0.001):
    scores, trained = np.array(scores), np.array(trained)
    rng = np.random.default_rng(0)
    return agreement(scores, trained=trained, noise=np.full(len(trained), noise), rng=rng)


def test_a_perfect_order_loses_nothing():
    trained = np.linspace(0.6, 0.7, 20)
    found = told(trained + 0.1, trained)
    assert (found.spearman, found.kendall, found.regret) == (1.0, 1.0, 0.0)
    assert found.kendall_interval == (1.0, 1.0)
    assert found.blind == pytest.approx(0.05, abs=0.01)


def test_a_reversed_order_loses_all_there_is():
    trained = np.linspace(0.6, 0.7, 20)
    found = told(-trained, trained)
    assert found.kendall == -1.0
    assert found.regret == pytest.approx(0.1, abs=0.01)
    assert found.regret > found.blind


@pytest.mark.slow
def test_chance_is_inside_the_interval_and_agreement_is_not():
    rng = np.random.default_rng(1)
    trained = 0.7 + 0.02 * rng.normal(size=24)
    chance = told(rng.normal(size=24), trained)
    assert chance.kendall_interval[0] < 0 < chance.kendall_interval[1]
    good = told(trained + 0.01 * rng.normal(size=24), trained)
    assert 0.2 < good.kendall_interval[0] < good.kendall < good.kendall_interval[1] <= 1.0
    assert good.regret < chance.regret


def test_constant_scores_have_no_order():
    found = told(np.full(10, 0.5), np.linspace(0.6, 0.7, 10))
    assert (found.spearman, found.kendall, found.kendall_interval) == (None, None, None)
    assert np.isfinite(found.regret)


def test_noise_is_taken_out_of_what_is_lost():
    rng = np.random.default_rng(2)
    truth = 0.7 + 0.01 * rng.normal(size=2000)
    measured = truth + 0.01 * rng.normal(size=2000)
    drawn = shrunk(measured, noise=np.full(2000, 0.01))
    assert drawn.std() == pytest.approx(0.01 * 0.5**0.5, rel=0.1)
    assert shrunk(measured, noise=np.full(2000, 0.05)).std() < 1e-9


def test_strata_reach_from_best_to_worst():
    scores = np.random.default_rng(3).normal(size=100)
    rows = stratified(scores, num=10, rng=np.random.default_rng(0))
    ranks = np.argsort(np.argsort(-scores))[rows]
    assert [rank // 10 for rank in ranks] == list(range(10))
    assert len(stratified(scores[:4], num=10, rng=np.random.default_rng(0))) == 4
