from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalade.core.scaling.rules import NAMED, parse, rule

ALPHAS = ["alpha=0.8", "alpha=0", "alpha=1", "alpha=.25", "alpha=1/3"]
WEIGHTS = ["d1_w8_g8_r1", "d1_w1_g0_r1", "w2_r1", "d0.5_w1.5"]


@pytest.mark.parametrize("name", [*NAMED, *ALPHAS, *WEIGHTS])
@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0, 8.0])
def test_a_rule_multiplies_the_ideal_macs_by_its_factor(name, factor):
    scaling = rule(name, factor)
    ideal = scaling.depth * scaling.width**2 * scaling.resolution**2
    assert ideal == pytest.approx(factor)


def test_closed_form_exponents():
    assert rule("wr", 16.0).to_json() == {"depth": 1.0, "width": 2.0, "resolution": 2.0}
    assert rule("dwr", 64.0).to_json() == pytest.approx(
        {"depth": 4.0, "width": 2.0, "resolution": 2.0}
    )
    assert rule("dWr", 1024.0).to_json() == pytest.approx(
        {"depth": 2.0, "width": 16.0, "resolution": 2**0.5}
    )


def test_alpha_names_the_same_rules():
    assert rule("alpha=0.8", 3.0) == rule("dWr", 3.0)
    assert rule("alpha=4/5", 3.0) == rule("dWr", 3.0)
    assert rule("alpha=1/3", 3.0) == rule("dwr", 3.0)
    assert rule("alpha=0", 3.0) == rule("dr", 3.0)
    assert rule("alpha=1", 3.0) == rule("w", 3.0)


@given(st.fractions(0, 1, max_denominator=1000), st.floats(0.01, 1000))
def test_any_alpha_is_equation_4(alpha, factor):
    scaling = rule(f"alpha={alpha}", factor)
    rest = (1 - float(alpha)) / 2
    assert scaling.depth == pytest.approx(factor**rest)
    assert scaling.width == pytest.approx(math.sqrt(factor) ** float(alpha))
    assert scaling.resolution == pytest.approx(math.sqrt(factor) ** rest)


def test_weights_name_the_same_rules_but_for_groups():
    for text, name in (("d1_w8_g8_r1", "dWr"), ("d1_w1_g1", "dw"), ("g1_w1", "w"), ("r3", "r")):
        assert parse(text).scaling(5.0) == parse(name).scaling(5.0)
        assert parse(text).group_ratio(5.0) == parse(name).group_ratio(5.0)
    assert parse("d1_w1_g0_r1").scaling(5.0) == rule("dwr", 5.0)
    for text in ("d1_w1_g0_r1", "d1_w1_r1", "w1", "d1"):
        assert parse(text).group_ratio(5.0) == 1.0


def test_the_group_width_goes_with_the_width_and_takes_no_share():
    for name in NAMED:
        assert parse(name).group_ratio(7.0) == parse(name).scaling(7.0).width
    assert parse("w1_g3").scaling(4.0).width == 2.0
    assert parse("w1_g3").group_ratio(4.0) == 8.0


def test_the_group_width_alone_takes_the_whole_factor():
    """Row g of Table 3."""
    assert parse("g1").group_ratio(4.0) == 4.0
    assert parse("g2_d0").group_ratio(4.0) == 4.0
    assert rule("g1", 4.0) == rule("d", 1.0)


def test_compound_takes_efficientnets_ratios_at_each_step():
    step = 1.2 * 1.1**2 * 1.15**2
    for phi in (1, 2, 3.5):
        scaling = rule("compound", step**phi)
        assert (scaling.depth, scaling.width, scaling.resolution) == pytest.approx(
            (1.2**phi, 1.1**phi, 1.15**phi)
        )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("dWR", "did you mean dWr?"),
        ("rw", "did you mean wr?"),
        ("wrd", "did you mean dwr?"),
        ("compond", "did you mean compound?"),
        ("", "is not known"),
        ("x", "is not known"),
        ("alpha=1.5", "outside 0 to 1"),
        ("alpha=-0.1", "outside 0 to 1"),
        ("alpha=x", "no number"),
        ("alpha=1/0", "no number"),
        ("alpha=nan", "no number"),
        ("d1_x2", "'x2'"),
        ("d1_w", "'w'"),
        ("d1__w1", "''"),
        ("d-1_w1", "'d-1'"),
        ("d1_w1_d2", "two weights of d"),
        ("d0_w0", "no weight above 0"),
    ],
)
def test_an_unknown_rule_names_what_is_wrong_and_the_known_ones(name, words):
    with pytest.raises(ValueError, match=r"use d, w, r, .* d1_w8_g8_r1") as caught:
        rule(name, 2.0)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"rule: {name!r}")


@pytest.mark.parametrize("factor", [0.0, -1.0, math.nan, math.inf])
def test_a_factor_is_positive(factor):
    with pytest.raises(ValueError, match="not a positive number"):
        rule("d", factor)
