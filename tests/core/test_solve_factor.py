from __future__ import annotations

import random
from functools import cache

import pytest

from escalade.core.network import cost
from escalade.core.scaling.exponents import cost_curve, factors_between
from escalade.core.scaling.rules import parse
from escalade.core.scaling.scale_by import scale, scaled_by
from escalade.core.scaling.solve_factor import solve_factor
from escalade.spaces import known

B0 = known.load("efficientnet_b0")
NUM_BRUTE = 400


NAMES = ("efficientnet_b0", "regnet_z_500mf", "regnet_y_4gf")
RULES = ("dWr", "d", "dwr", "compound", "d1_w1_g0_r1")
KINDS = ("macs", "params", "activations", "memory")
# Two kinds with every network and rule, all four with every network and with every rule.
CASES = [
    (name, rule, KINDS[(i + j + more) % 4])
    for i, name in enumerate(NAMES)
    for j, rule in enumerate(RULES)
    for more in (0, 1)
]


@cache
def brute(name, rule):
    """What each of many factors costs, in every kind."""
    return cost_curve(known.load(name), rule, factors_between(0.4, 25, NUM_BRUTE)).costs


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rule", "kind"), CASES)
def test_no_factor_of_a_scan_comes_nearer(name, rule, kind):
    base, rng = known.load(name), random.Random(f"{name}{rule}{kind}")
    counts = [getattr(each, kind) for each in brute(name, rule)]
    target = rng.choice(counts[40:-80]) * rng.uniform(0.99, 1.01)
    solved = solve_factor(base, rule, target, kind, tolerance=0.5)
    assert solved.cost == getattr(cost.of(solved.architecture), kind)
    assert abs(solved.cost - target) <= 1.001 * min(abs(count - target) for count in counts)


def test_the_factor_makes_the_network_and_is_short():
    solved = solve_factor(B0, "dWr", 4.14e9)
    assert solved.architecture == scale(B0, "dWr", solved.factor)
    assert len(f"{solved.factor:.15g}") <= 5
    assert solved.cost == pytest.approx(4.14e9, rel=0.005)


def test_the_base_itself_is_factor_1():
    solved = solve_factor(B0, "dWr", 385_814_752)
    assert (solved.factor, solved.architecture) == (1.0, B0)


def test_targets_below_the_base_are_met_by_factors_below_1():
    solved = solve_factor(B0, "dWr", 100e6)
    assert solved.factor < 0.5
    assert solved.cost == pytest.approx(100e6, rel=0.05)


@pytest.mark.parametrize(("rule", "target"), [("dWr", 4e6), ("dWr", 2e6), ("w", 1e14)])
def test_targets_far_from_the_base_are_met_too(rule, target):
    """A tenth for the resolution: many octaves of the factor are one of the macs."""
    assert solve_factor(B0, rule, target).cost == pytest.approx(target, rel=0.05)


def test_any_measure_can_be_the_target():
    """A latency of one second for a gigamac; equal networks are measured once."""
    asked = []

    def seconds(architecture):
        asked.append(architecture)
        return cost.of(architecture).macs / 1e9

    solved = solve_factor(B0, "w", 2.0, "latency", cost_of=seconds)
    assert solved.cost == pytest.approx(2.0, rel=0.02)
    assert len(set(asked)) == len(asked)
    with pytest.raises(ValueError, match="latency is measured, not counted"):
        solve_factor(B0, "w", 2.0, "latency")


def test_a_target_in_a_gap_names_the_nearest_below_and_above():
    """One block more, or none: 20 blocks cost 40 units, 21 cost 42, and 41 is 2.4 % away."""
    base = known.load("regnet_z_500mf")

    def blocks(architecture):
        return 2 * len(architecture.stages[2].blocks)  # 11 of them

    with pytest.raises(ValueError) as caught:
        solve_factor(base, "d", 41, cost_of=blocks, tolerance=0.01)
    message = str(caught.value)
    assert message.startswith("target: no factor of rule d brings regnet_z_500mf within 1 % of 41")
    assert "40 below (factor " in message
    assert "42 above (factor " in message
    below, above = (float(part.split(")")[0]) for part in message.split("(factor ")[1:])
    assert [blocks(scaled_by(base, parse("d"), factor)) for factor in (below, above)] == [40, 42]


@pytest.mark.slow
def test_a_target_out_of_reach_names_the_only_side():
    with pytest.raises(ValueError, match=r"nearest: .* above \(factor .*\) and nothing below"):
        solve_factor(B0, "dWr", 1000.0)
    with pytest.raises(ValueError, match=r"nearest: .* below \(factor .*\) and nothing above"):
        solve_factor(B0, "d", 1e15)


def test_a_cost_that_the_rule_does_not_change():
    with pytest.raises(ValueError, match="rule r leaves efficientnet_b0 at 5"):
        solve_factor(B0, "r", 4e6, "params")


@pytest.mark.parametrize(
    ("target", "kind", "rule", "words"),
    [
        (0.0, "macs", "w", "not a positive amount"),
        (float("nan"), "macs", "w", "not a positive amount"),
        (1e9, "mac", "w", "'mac' is not known"),
        (1e9, "macs", "wd", "did you mean dw?"),
    ],
)
def test_wrong_arguments(target, kind, rule, words):
    with pytest.raises(ValueError) as caught:
        solve_factor(B0, rule, target, kind)
    assert words in str(caught.value)


def test_cost_curves_leave_out_factors_without_a_network():
    curve = cost_curve(B0, "r", [4.0, 0.001, 1.0])
    assert curve.factors == (1.0, 4.0)
    assert curve.costs[0] == cost.of(B0)
    assert curve.costs[1] == cost.of(scale(B0, "r", 4.0))


def test_factors_in_equal_ratios():
    assert factors_between(0.5, 32.0, 4) == pytest.approx((0.5, 2.0, 8.0, 32.0))
