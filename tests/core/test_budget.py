from __future__ import annotations

import pytest

from escalade.core.numbers.budget import Budget, Ladder


def test_a_budget_has_both_bounds():
    budget = Budget(100.0, tolerance=0.05)
    assert (budget.low, budget.high) == (95.0, 105.0)
    assert [budget.contains(value) for value in (94.9, 95, 100, 105, 105.1)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    assert budget.gap(110) == pytest.approx(0.1)
    assert (str(budget), budget.allowed) == ("100 macs", "5 % of 100 macs")
    assert budget.gap(90) == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((0.0,), "budgets: 0.0 is not a positive amount"),
        ((-1.0,), "budgets: -1.0"),
        ((float("nan"),), "budgets: nan"),
        ((float("inf"),), "budgets: inf"),
        ((1.0, "mac"), "budget_kind: 'mac' is not known; use macs, params"),
        ((1.0, "macs", 0.0), "tolerance: 0.0 is outside"),
        ((1.0, "macs", 1.0), "tolerance: 1.0 is outside"),
    ],
)
def test_wrong_budgets(arguments, words):
    with pytest.raises(ValueError) as caught:
        Budget(*arguments)
    assert words in str(caught.value)


def ladder(*targets, kind="macs"):
    return Ladder(tuple(Budget(float(target), kind) for target in targets))


def test_stages_are_logarithms():
    steps = ladder(60e6, 120e6, 240e6)
    assert steps.factors == (1.0, 2.0, 4.0)
    assert [steps.stage(b.target) for b in steps.budgets] == [0.0, 1.0, 2.0]
    assert steps.stage(960e6) == 4.0
    assert ladder(1e6, 3e6).stage(3e6) == pytest.approx(1.585, abs=1e-3)


def test_growing_continues_the_last_ratio():
    assert [b.target for b in ladder(1, 2, 6).grown(2)] == [18.0, 54.0]
    assert [b.target for b in ladder(5).grown(2)] == [10.0, 20.0]
    assert ladder(5).grown(0) == ()
    assert {b.kind for b in ladder(1, 2, kind="params").grown(3)} == {"params"}


@pytest.mark.parametrize("targets", [(2e6, 1e6), (1e6, 1e6)])
def test_ladders_rise(targets):
    with pytest.raises(ValueError, match="do not rise; list them from small to large"):
        ladder(*targets)


def test_wrong_ladders():
    with pytest.raises(ValueError, match="give at least one"):
        Ladder(())
    with pytest.raises(ValueError, match="of one kind"):
        Ladder((Budget(1.0), Budget(2.0, "params")))
