from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from escalade.core.numbers import statistics


def test_coefficients_by_hand():
    first, second = [1.0, 2.0, 3.0, 4.0], [1.0, 3.0, 2.0, 4.0]
    assert statistics.pearson(first, second) == pytest.approx(0.8)
    assert statistics.spearman(first, second) == pytest.approx(0.8)
    assert statistics.kendall(first, second) == pytest.approx(4 / 6)


@pytest.mark.parametrize("name", ["pearson", "spearman", "kendall"])
def test_a_constant_side_gives_nan_and_no_warning(name):
    assert math.isnan(getattr(statistics, name)([1.0, 1.0], [1.0, 2.0]))
    with pytest.raises(ValueError, match="two or more pairs"):
        getattr(statistics, name)([1.0], [1.0])


def test_standard_errors():
    assert statistics.binomial_standard_error(0.5, num_images=100) == pytest.approx(0.05)
    difference = statistics.difference_standard_error(0.9, num_images=200)
    assert difference == pytest.approx(math.sqrt(2 * 0.9 * 0.1 / 200))


def test_summary():
    summary = statistics.summarize([1.0, 2.0, 3.0])
    assert (summary.mean, summary.num) == (2.0, 3)
    assert summary.standard_error == pytest.approx(1 / math.sqrt(3))
    assert math.isnan(statistics.summarize([1.0]).standard_error)
    with pytest.raises(ValueError, match="no values"):
        statistics.summarize([])


def test_paired_test_equals_scipy():
    rng = np.random.default_rng(0)
    first, second = rng.normal(0.3, 1, 8), rng.normal(0, 1, 8)
    result = statistics.paired_test(first, second)
    expected = stats.ttest_rel(first, second)
    assert result.p_value == pytest.approx(float(expected.pvalue))
    assert result.difference == pytest.approx(float((first - second).mean()))


def test_paired_test_of_constant_differences():
    assert statistics.paired_test([1.0, 2.0], [1.0, 2.0]).p_value == 1
    assert statistics.paired_test([2.0, 3.0], [1.0, 2.0]).p_value == 0


def test_within_standard_errors_is_one_sided():
    assert statistics.within_standard_errors(0.88, 0.90, standard_error=0.01)
    assert statistics.within_standard_errors(0.99, 0.90, standard_error=0.01)
    assert not statistics.within_standard_errors(0.879, 0.90, standard_error=0.01)
