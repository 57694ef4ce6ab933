"""Numbers for people, and those that people write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalade.core.numbers import shown
from escalade.core.numbers.shown import amount, parse_amount


@pytest.mark.parametrize(
    ("text", "value"),
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
def test_amounts(text, value):
    assert parse_amount(text) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(("text", "seconds"), [("4ms", 0.004), ("2s", 2.0), ("300us", 3e-4)])
def test_times(text, seconds):
    assert parse_amount(text, kind="latency") == pytest.approx(seconds, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "size"),
    [("256k", 256e3), ("256kB", 256e3), ("256 KiB", 2**18), ("1.5MB", 1.5e6), ("64B", 64)],
)
def test_sizes(text, size):
    assert parse_amount(text, kind="memory_int8") == size
    assert amount(256e3, "memory") == "256kB"


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
    assert parse_amount(amount(value)) == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.03e6, "1.03M"), (96e9, "96G"), (4.2e13, "42T"), (999, "999"), (8e5, "800k")],
)
def test_format(value, text):
    assert amount(value) == text


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (0.00124, "latency", "1.24ms"),
        (0.00085, "latency", "850us"),
        (2.5, "latency", "2.5s"),
        (4_100_000, "memory", "4.1MB"),
        (950, "memory_int8", "950B"),
        (float("inf"), "macs", "more than the limits allow"),
        (None, "macs", "–"),
    ],
)
def test_amounts_of_other_kinds(value, kind, text):
    assert amount(value, kind) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.44, "1.4 s"),
        (45, "45 s"),
        (9.96, "10 s"),
        (89.7, "90 s"),
        (200, "3 min"),
        (754, "13 min"),
        (3905, "65 min"),
        (5400, "1 h 30 min"),
        (3600 * 1204, "1,204 h 00 min"),
        (None, "–"),
    ],
)
def test_duration(seconds, text):
    assert shown.duration(seconds) == text


def test_shares_and_gaps():
    assert shown.percent(0.9124) == "91.2 %"
    assert shown.percent(0.9124, digits=2) == "91.24 %"
    assert [shown.percent(each, digits=None) for each in (0.05, 0.0025)] == ["5 %", "0.25 %"]
    assert shown.accuracy(0.9124, (0.9012, 0.9241)) == "91.2 % (90.1 to 92.4)"
    assert shown.accuracy(0.9124) == "91.2 %"
    assert [shown.gap(0.0134), shown.gap(-0.02)] == ["+1.3 %", "-2.0 %"]
    assert shown.points(0.0031, 0.0025) == "+0.31 ± 0.25"
    assert shown.correlation(0.61, (-0.35, 0.78)) == "0.61 (-0.35 to 0.78)"


def test_lists():
    assert shown.listed(["a"]) == "a"
    assert shown.listed(["a", "b", "c"]) == "a, b and c"
