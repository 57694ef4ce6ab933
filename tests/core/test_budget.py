from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalade.core.numbers.budget import Budget, Ladder, format_amount, parse_amount


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("60M", 60e6),
        ("1.5G", 1.5e9),
        ("800k", 800e3),
        ("800K", 800e3),
        (" 12 G ", 12e9),
        ("0.4m", 0.4e6),
        (".5M", 0.5e6),
        ("1000000", 1e6),
        ("6e7", 6e7),
        ("2b", 2e9),
        ("1T", 1e12),
    ],
)
def test_amounts(text, amount):
    assert parse_amount(text) == pytest.approx(amount, rel=1e-12)


@pytest.mark.parametrize(("text", "seconds"), [("4ms", 0.004), ("2s", 2.0), ("300us", 3e-4)])
def test_times(text, seconds):
    assert parse_amount(text, kind="latency") == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "size"),
    [("256k", 256e3), ("256kB", 256e3), ("256 KiB", 2**18), ("1.5MB", 1.5e6), ("64B", 64)],
)
def test_sizes(text, size):
    assert parse_amount(text, kind="memory_int8") == size
    assert format_amount(256e3, "memory") == "256kB"


def test_what_is_no_size():
    with pytest.raises(ValueError, match=r"write it like 256kB, 256KiB or 1\.5MB"):
        parse_amount("4ms", kind="memory")


@pytest.mark.parametrize(
    "text", ["", "M", "60X", "sixty", "-1M", "1M2", "60MB", "4ms", "nan", "inf"]
)
def test_what_is_no_amount(text):
    with pytest.raises(ValueError, match=r"^cannot read .* as an amount; write it like 60M"):
        parse_amount(text)


def test_what_is_no_time():
    with pytest.raises(ValueError, match="write it like 4ms"):
        parse_amount("60M", kind="latency")


@given(st.floats(1.0, 9.9e12))
def test_format_round_trip(value):
    assert parse_amount(format_amount(value)) == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.03e6, "1.03M"), (96e9, "96G"), (4.2e13, "42T"), (999, "999"), (8e5, "800k")],
)
def test_format(value, text):
    assert format_amount(value) == text


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
