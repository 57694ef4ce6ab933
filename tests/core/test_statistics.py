from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers import statistics
from escalade.core.numbers.budget import Budget
from escalade.core.values.codec import encode
from escalade.search.growing.fitted import compare
from escalade.spaces import known


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


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_standard_error_is_never_nothing(share):
    errors = [statistics.binomial_standard_error(share, num_images=n) for n in (3, 20, 2_000)]
    assert errors == sorted(errors, reverse=True)
    for error, num in zip(errors, (3, 20, 2_000), strict=True):
        assert error == pytest.approx(math.sqrt(2 * (num + 2) / (num + 4) ** 3))
        # As wide as Wilson's interval, more or less, which is one-sided here.
        low, high = statistics.wilson_interval(share, num_images=num)
        assert 0.3 < error / (high - low) < 0.4
    assert statistics.difference_standard_error(share, num_images=20) > 0


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


@pytest.fixture(scope="module")
def base() -> Architecture:
    return known.load("efficientnet_b0")


@pytest.mark.parametrize("kind", ["macs", "params", "activations"])
def test_networks_of_rules_meet_the_budget(base, kind):
    target = 4 * getattr(cost.of(base), kind)
    made = compare(base, rules=["dWr", "w"], budget=Budget(target, kind), stage=2.0)
    assert [each.rule for each in made] == ["dWr", "w"]
    for each in made:
        found = encode(each)
        assert found["note"] == ""
        assert abs(found[kind] / target - 1) <= 0.05
        assert found["gap"] == pytest.approx(found[kind] / target - 1)
        counts = cost.of(Architecture.from_json(found["architecture"]))
        assert (found["macs"], found["params"]) == (counts.macs, counts.params)
        assert "latency" not in found


@pytest.mark.slow
def test_at_equal_macs_width_costs_fewer_activations(base):
    """The paper's point: dWr has fewer than dwr (Fast and Accurate Model Scaling, Table 4)."""
    budget = Budget(8 * cost.of(base).macs)
    fast, uniform = compare(base, rules=["dWr", "dwr"], budget=budget, stage=3.0)
    assert encode(fast)["activations"] < 0.8 * encode(uniform)["activations"]
    assert encode(fast)["scaling"]["width"] > encode(uniform)["scaling"]["width"]


def test_a_latency_budget_is_solved_for_with_the_table(base):
    def seconds(architecture: Architecture) -> float:
        return 1e-3 + 1e-9 * cost.of(architecture).activations

    target = 2 * seconds(base)
    (made,) = compare(
        base,
        rules=["dwr"],
        budget=Budget(target, "latency"),
        stage=1.0,
        latency_of=seconds,
    )
    assert encode(made)["latency"] == pytest.approx(target, rel=0.05)


@pytest.mark.slow
def test_a_rule_that_cannot_meet_the_budget_says_so(base):
    budget = Budget(1.37 * cost.of(base).params, "params", 1e-6)
    (made,) = compare(base, rules=["r"], budget=budget, stage=0.5)
    found = encode(made)
    assert set(found) == {"rule", "note"}
    assert "use another rule" in found["note"]
