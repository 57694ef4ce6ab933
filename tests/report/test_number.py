"""Numbers for people."""

from __future__ import annotations

import pytest

from escalade.report import number


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (7, "7.00"),
        (950, "950"),
        (999.6, "1.00 k"),
        (64_580, "64.6 k"),
        (999_499, "999 k"),
        (999_500, "1.00 M"),
        (1_030_400, "1.03 M"),
        (390_000_000, "390 M"),
        (12.8e9, "12.8 G"),
        (None, "–"),
    ],
)
def test_amount(value, shown):
    assert number.amount(value).replace(number.SPACE, " ") == shown


def test_trimmed_amounts_are_for_ticks():
    shown = [number.amount(v, trimmed=True) for v in (500_000, 2e6, 2.5e6, 1e9)]
    assert [s.replace(number.SPACE, " ") for s in shown] == ["500 k", "2 M", "2.5 M", "1 G"]


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (1.44, "1.4 s"),
        (45, "45 s"),
        (59.7, "1 min 00 s"),
        (200, "3 min 20 s"),
        (3905, "1 h 05 min"),
    ],
)
def test_duration(seconds, shown):
    assert number.duration(seconds).replace(number.SPACE, " ") == shown


def test_shares_and_gaps():
    shown = [
        number.percent(0.9124),
        number.accuracy(0.9124, (0.9012, 0.9241)),
        number.accuracy(0.9124),
        number.gap(0.0134),
        number.gap(-0.02),
        number.latency(0.00124),
        number.latency(0.00085),
        number.budget(0.02, "latency"),
    ]
    expected = [
        "91.2 %",
        "91.2 % (90.1 to 92.4)",
        "91.2 %",
        "+1.3 %",
        "−2.0 %",
        "1.24 ms",
        "850 µs",
        "20.0 ms",
    ]
    assert [s.replace(number.SPACE, " ") for s in shown] == expected


def test_lists():
    assert number.listed(["a"]) == "a"
    assert number.listed(["a", "b", "c"]) == "a, b and c"
