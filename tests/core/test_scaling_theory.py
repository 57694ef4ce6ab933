"""Tables 1 to 4: measured growth exponents of wide networks without squeeze-excitation."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, Stage, Stem
from escalade.core.scaling.scale_by import scale
from escalade.spaces import known

# Growth is measured between these factors: costs of stem, norms and classifier fade beyond the
# first. Depth alone would make too many blocks of the second.
LOW, HIGH, HIGH_FOR_DEPTH = 4.0, 4000.0, 100.0
KINDS = ("macs", "params", "activations")


def uniform(*, group_width=None):
    """One stage of 16 blocks of three convolutions with equal widths and resolutions."""
    block = Block(
        kind="bottleneck", width=1024, expansion=1.0, group_width=group_width, activation="relu"
    )
    return Architecture(
        name="uniform",
        resolution=2048,
        num_classes=1,
        stem=Stem(width=8, stride=1, activation="relu"),
        stages=(Stage(blocks=(block,) * 16),),
        head=Head(width=None, activation="relu"),
    )


def exponents(rule, base=None):
    """Growth exponents of macs, params and activations."""
    factors = LOW, HIGH_FOR_DEPTH if rule == "d" else HIGH
    low, high = (cost.of(scale(base or uniform(), rule, factor)) for factor in factors)
    return tuple(
        math.log(getattr(high, kind) / getattr(low, kind)) / math.log(factors[1] / factors[0])
        for kind in KINDS
    )


def is_near(expected):
    return pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(
    ("rule", "params", "activations"),
    [
        ("d", 1, 1),
        ("w", 1, 0.5),
        ("r", 0, 1),
    ],
)
def test_table_1(rule, params, activations):
    assert exponents(rule) == is_near((1, params, activations))


@pytest.mark.parametrize(
    ("rule", "params", "activations"),
    [
        ("dw", 1, 3 / 4),
        ("wr", 1 / 2, 3 / 4),
        ("dr", 1 / 2, 1),
        ("dwr", 2 / 3, 5 / 6),
    ],
)
def test_table_2(rule, params, activations):
    assert exponents(rule) == is_near((1, params, activations))


@pytest.mark.parametrize(
    ("rule", "factors", "grown", "activations"),
    [
        # Here w alone is sqrt(s), in the table s: at s squared it is the table's row.
        ("w1_g0", (16.0, 160_000.0), 100, 1),
        # Up to where there is one group left.
        ("g1", (1 / 4, 16.0), 64, 0),
        ("w1_g1", (4.0, 400.0), 100, 1 / 2),
    ],
)
def test_table_3(rule, factors, grown, activations):
    """Of the grouped convolutions alone; group widths of 64 in widths of 1,024."""

    def grouped(architecture):
        found = [c for c in cost.layers(architecture) if c.name.endswith("conv2_kxk.conv")]
        return cost.Cost(*(sum(getattr(c, kind) for c in found) for kind in KINDS), memory=0)

    base = uniform(group_width=64)
    low, high = (grouped(scale(base, rule, factor)) for factor in factors)
    found = [math.log(getattr(high, kind) / getattr(low, kind), grown) for kind in KINDS]
    assert tuple(found) == is_near((1, 1, activations))


@pytest.mark.parametrize(
    ("alpha", "params", "activations"),
    [("0", 0.5, 1.0), ("1/3", 0.67, 0.83), ("0.8", 0.9, 0.6), ("1", 1.0, 0.5)],
)
def test_table_4(alpha, params, activations):
    assert exponents(f"alpha={alpha}") == is_near((1, params, activations))


@settings(max_examples=40, deadline=None)
@given(st.fractions(0, 1, max_denominator=60))
def test_equation_6_at_any_alpha(alpha):
    """macs s, params s^((1 + alpha) / 2), activations s^((2 - alpha) / 2)."""
    expected = (1, (1 + alpha) / 2, (2 - alpha) / 2)
    assert exponents(f"alpha={alpha}") == is_near(tuple(map(float, expected)))


@pytest.mark.parametrize("rule", ["dWr", "dwr", "w"])
def test_groups_that_go_with_the_width_grow_like_full_convolutions(rule):
    """Section 3.5, for the whole network."""
    alpha = {"dWr": Fraction(4, 5), "dwr": Fraction(1, 3), "w": Fraction(1)}[rule]
    found = exponents(rule, base=uniform(group_width=128))
    assert found == is_near((1, float((1 + alpha) / 2), float((2 - alpha) / 2)))


def test_a_real_base_orders_the_rules_as_the_theory_does():
    """EfficientNet-B0 by 32: activations by w, dWr, dwr and d in this order, w near sqrt(32)."""
    base = known.load("efficientnet_b0")
    grown = {
        rule: cost.of(scale(base, rule, 32.0)).activations / cost.of(base).activations
        for rule in ("w", "dWr", "dwr", "d")
    }
    assert list(grown) == sorted(grown, key=grown.__getitem__)
    assert grown["w"] == pytest.approx(32**0.5, rel=0.05)
    assert grown["dwr"] == pytest.approx(32 ** (5 / 6), rel=0.25)
