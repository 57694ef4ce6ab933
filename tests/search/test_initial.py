from __future__ import annotations

import numpy as np
import pytest

from escalade.search.joint.strategy_search import _effects


def test_complete_data_rank_by_the_mean_over_bases():
    rng = np.random.default_rng(0)
    table = rng.random((5, 4))
    rows, picks = np.indices(table.shape).reshape(2, -1)
    effects = _effects(rows, picks, table.ravel())
    assert np.argsort(effects).tolist() == np.argsort(table.mean(axis=0)).tolist()
    # The ridge shrinks the centred means by n / (n + 1).
    centred = table.mean(axis=0) - table.mean()
    assert effects == pytest.approx(centred * 5 / 6, abs=1e-9)


def test_a_strategy_does_not_win_through_better_bases():
    # Base 0 is much better, and only strategy 1 is feasible for it; strategy 0 is the better one.
    scores = {(0, 1): 0.90, (1, 0): 0.62, (1, 1): 0.60, (2, 0): 0.52, (2, 1): 0.50}
    rows, picks = np.array(list(scores)).T
    values = np.array(list(scores.values()))
    effects = _effects(rows, picks, values)
    assert values[picks == 1].mean() > values[picks == 0].mean()
    assert effects[0] > effects[1]
