from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.core.numbers.budget import Budget
from escalade.core.scaling import extrapolation
from escalade.core.scaling.grown_members import MOST_BLOCKS, follow, solve, unrounded_cost
from escalade.core.scaling.lattice import meet_budget
from escalade.core.scaling.ratios import Scaling, apply
from escalade.spaces import known


def network(*, depths=(1, 2, 2, 3, 3, 4, 1), resolution=224) -> Architecture:
    widths, strides = (16, 32, 40, 80, 96, 192, 320), (1, 2, 2, 2, 1, 2, 1)
    stages = []
    for i, (depth, width, stride) in enumerate(zip(depths, widths, strides, strict=True)):
        kind, expansion = ("dsconv", 1.0) if i == 0 else ("mbconv", 6.0)
        blocks = tuple(
            Block(
                kind=kind,
                width=width,
                stride=stride if k == 0 else 1,
                expansion=expansion,
                se=SqueezeExcite(),
            )
            for k in range(depth)
        )
        stages.append(Stage(blocks=blocks))
    return Architecture(
        resolution=resolution, stem=Stem(width=32), stages=tuple(stages), head=Head(width=1280)
    )


def small() -> Architecture:
    """The claim test's hand-made base: three stages, steps of 4 and 1."""
    stages = tuple(
        Stage(
            blocks=tuple(
                Block(width=width, stride=stride if k == 0 else 1, expansion=4.0) for k in range(2)
            )
        )
        for width, stride in ((16, 1), (24, 2), (48, 2))
    )
    return Architecture(
        resolution=20,
        in_channels=1,
        num_classes=10,
        stem=Stem(width=16),
        stages=stages,
        head=Head(width=128),
    )


def curve(a0: float, a1: float, j: float) -> float:
    return a0 * (a1**j - 1) + 1


def exact(stages, depth, width, resolution):
    return [Scaling(*(curve(*p, j) for p in (depth, width, resolution))) for j in stages]


@pytest.mark.parametrize("stages", [(1.0, 2.0), (1.0, 2.0, 3.0), (0.7, 1.9, 3.2, 4.0)])
def test_exact_data_give_back_the_parameters(stages):
    truth = {"depth": (0.5, 1.5), "width": (2.0, 1.1), "resolution": (-0.6, 0.4)}
    fitted = extrapolation.fit(stages, scalings=exact(stages, *truth.values()))
    for dimension, (a0, a1) in truth.items():
        found = fitted.functions["exponential"][dimension]
        assert found["a0"] == pytest.approx(a0, rel=1e-4)
        assert found["a1"] == pytest.approx(a1, rel=1e-4)
    assert fitted.predict(5.0).depth == pytest.approx(curve(0.5, 1.5, 5.0), rel=1e-4)


def test_straight_data_are_followed_by_all_forms():
    fitted = extrapolation.fit(
        [1, 2, 3], scalings=[Scaling(1 + 0.1 * j, 1 + 0.2 * j) for j in (1, 2, 3)]
    )
    assert fitted.functions["linear"]["width"]["a"] == pytest.approx(0.2)
    for form in ("exponential", "linear", "squared"):
        predicted = fitted.predict(4, form=form)
        assert predicted.depth == pytest.approx(1.4, rel=1e-3)
        assert predicted.width == pytest.approx(1.8, rel=1e-3)
        assert predicted.resolution == 1


def test_geometric_data_are_met_by_the_compound_function():
    scalings = [Scaling(1.2**j, 1.1**j, 1.15**j) for j in (1, 2)]
    fitted = extrapolation.fit([1, 2], scalings=scalings, form="compound")
    assert fitted.predict(7).width == pytest.approx(1.1**7)
    assert fitted.predict(7).resolution == pytest.approx(1.15**7)


def test_the_compound_function_is_the_least_squares_line_of_the_logarithms():
    ratios, stages = np.array([1.3, 1.2, 2.1]), np.array([0.7, 1.9, 3.0])
    fitted = extrapolation.fit(stages.tolist(), scalings=[Scaling(depth=r) for r in ratios])
    oracle = np.linalg.lstsq(stages[:, None], np.log(ratios), rcond=None)[0][0]
    assert fitted.functions["compound"]["depth"]["c"] == pytest.approx(oracle)


def test_one_late_jump_explodes_less_than_through_equation_9():
    found = [Scaling(depth=1.0), Scaling(depth=2.0)]
    fitted = extrapolation.fit([1, 2], scalings=found)
    assert fitted.predict(3, form="compound").depth < 2.5 < 4 < fitted.predict(3).depth


def test_quadratic_data_give_the_squared_parameters():
    scalings = [Scaling(depth=0.1 * j * j + 0.05 * j + 1) for j in (1, 2, 3)]
    found = extrapolation.fit([1, 2, 3], scalings=scalings).functions["squared"]["depth"]
    assert (found["a"], found["b"]) == (pytest.approx(0.1), pytest.approx(0.05))


def test_constant_ratios_stay_exactly_one():
    fitted = extrapolation.fit([1, 2], scalings=[Scaling(1.0, 1.1, 1.3), Scaling(1.0, 1.3, 1.6)])
    assert fitted.functions["exponential"]["depth"] == {"a0": 0.0, "a1": 1.0}
    for form in fitted.functions:
        assert fitted.predict(7.3, form=form).depth == 1.0


rising = st.lists(st.floats(0.0, 0.8), min_size=2, max_size=4)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(steps=rising)
def test_the_exponential_rises_where_the_data_rise_and_starts_at_one(steps):
    ratios = 1 + np.cumsum(steps)
    stages = range(1, len(steps) + 1)
    fitted = extrapolation.fit(list(stages), scalings=[Scaling(depth=float(r)) for r in ratios])
    values = [fitted.predict(j).depth for j in np.linspace(0, 8, 50)]
    assert values[0] == 1.0
    assert np.all(np.diff(values) >= -1e-9)
    assert np.all(np.isfinite(values))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.floats(0.01, 0.6), min_size=3, max_size=4))
def test_no_other_exponential_fits_better(steps):
    ratios, stages = 1 + np.cumsum(steps), np.arange(1, len(steps) + 1)
    fitted = extrapolation.fit(stages.tolist(), scalings=[Scaling(width=float(r)) for r in ratios])

    def error(a0, a1):
        return sum((curve(a0, a1, j) - r) ** 2 for j, r in zip(stages, ratios, strict=True))

    found = fitted.functions["exponential"]["width"]
    best = error(found["a0"], found["a1"])
    rng = np.random.default_rng(0)
    for _ in range(200):
        a1 = math.exp(rng.uniform(math.log(1 / 16), math.log(4)))
        c = np.array([a1**j - 1 for j in stages])
        a0 = float(c @ (ratios - 1) / (c @ c))
        assert error(a0, a1) >= best - 1e-7


def test_one_stage_determines_only_one_parameter_and_says_so():
    fitted = extrapolation.fit([0, 1], scalings=[Scaling(), Scaling(1.2, 1.1, 1.3)])
    assert fitted.form == "linear"
    assert list(fitted.functions) == ["linear", "compound"]
    assert fitted.leave_last_out is None
    assert "only the linear" in fitted.notes[0]
    assert fitted.predict(2).resolution == pytest.approx(1.6)
    assert fitted.predict(2, form="compound").resolution == pytest.approx(1.69)
    with pytest.raises(ValueError, match="use linear, compound"):
        fitted.predict(2, form="exponential")


def test_two_stages_are_met_exactly_and_no_error_is_claimed():
    found = [Scaling(1.2, 1.1, 1.3), Scaling(1.5, 1.15, 1.9)]
    fitted = extrapolation.fit([1, 2], scalings=found)
    assert fitted.leave_last_out is None
    assert "exactly" in fitted.notes[0]
    for form in ("exponential", "squared"):
        for j, scaling in ((1, found[0]), (2, found[1])):
            assert fitted.predict(j, form=form).to_json() == pytest.approx(
                scaling.to_json(), abs=1e-4
            )


def test_growth_that_starts_late_stays_finite_and_is_noted():
    fitted = extrapolation.fit([1, 2], scalings=[Scaling(), Scaling(depth=1.5)])
    assert fitted.functions["exponential"]["depth"]["a1"] == pytest.approx(4.0)
    assert any("depth" in note and "bound" in note for note in fitted.notes)


def test_leave_last_out_by_hand():
    scalings = [Scaling(1 + 0.1 * j, 1 + 0.1 * j * j) for j in (1, 2, 3)]
    error = extrapolation.fit([1, 2, 3], scalings=scalings).leave_last_out
    assert error["linear"]["depth"] == pytest.approx(0, abs=1e-12)
    assert error["squared"]["width"] == pytest.approx(0, abs=1e-12)
    # The line through (1, .1) and (2, .4) by least squares has slope .9 / 5.
    assert error["linear"]["width"] == pytest.approx(3 * 0.9 / 5 - 0.9)


def test_no_stage_beyond_the_base_is_refused():
    with pytest.raises(ValueError, match="two or more budgets"):
        extrapolation.fit([0], scalings=[Scaling()])


def test_interval_is_a_point_without_ties_and_covers_them_with():
    found = [Scaling(1.2, 1.1, 1.3), Scaling(1.4, 1.2, 1.6)]
    fitted = extrapolation.fit([1, 2], scalings=found)
    alone = fitted.interval(3, tied=[[s] for s in found], rng=np.random.default_rng(0))
    predicted = fitted.predict(3).to_json()
    for dimension, (low, high) in alone.items():
        assert low == pytest.approx(high) == pytest.approx(predicted[dimension])
    tied = [[found[0]], [found[1], Scaling(1.3, 1.2, 1.6), Scaling(1.5, 1.2, 1.6)]]
    wide = fitted.interval(3, tied=tied, rng=np.random.default_rng(0))
    assert wide["depth"][0] < predicted["depth"] - 0.1
    assert wide["depth"][1] > predicted["depth"] + 0.1
    assert wide["resolution"][0] == pytest.approx(wide["resolution"][1])
    assert wide == fitted.interval(3, tied=tied, rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("interval", "told"),
    [
        *(((1.0, 1.0), True), ((0.5, 4.9), True), ((1.2, 13.0), False), ((0.0, 1.0), False)),
        *(((-3.0, 4.0), False), ((1.0, math.inf), False), ((1e-9, 1e300), False)),
    ],
)
def test_an_interval_wider_than_any_network_tells_nothing(interval, told):
    assert extrapolation.is_told(*interval) is told


@pytest.mark.parametrize("form", ["exponential", "compound"])
def test_an_interval_where_the_curve_has_left_all_numbers(recwarn, form):
    found = [Scaling(1.2, 1.1, 1.3), Scaling(1.5, 1.3, 1.9)]
    fitted = extrapolation.fit([1, 2], scalings=found)
    tied = [[found[0]], [found[1], Scaling(1.6, 1.4, 2.0)]]
    redrawn = fitted.interval(1e4, tied=tied, rng=np.random.default_rng(0), form=form)
    low, high = redrawn["depth"]
    assert 1e200 < low <= high < float("inf")
    assert not recwarn.list


def test_unrounded_cost_equals_the_cost_where_nothing_needs_rounding():
    for scaling in (Scaling(), Scaling(2.0, 2.0, 1.25), Scaling(1.0, 3.0, 1.0)):
        assert unrounded_cost(
            network(), scaling=scaling, cost_of=lambda a: cost.of(a).macs
        ) == pytest.approx(cost.of(apply(network(), scaling)).macs, rel=1e-12)


def test_follow_hits_the_target_before_rounding():
    budget = Budget(2.5e9)
    scaling = follow(
        network(), curve=lambda s: Scaling(s**0.3, s**0.3, s**0.2), budget=budget, start=4.0
    )
    found = unrounded_cost(network(), scaling=scaling, cost_of=lambda a: cost.of(a).macs)
    assert found == pytest.approx(2.5e9, rel=1e-3)


def test_a_steep_curve_is_not_followed_to_networks_that_nobody_can_build():
    """Depth that begins to grow in the last stage: equation (9) quadruples it ever after."""
    base, depths = network(), []
    fitted = extrapolation.fit([1, 2], scalings=[Scaling(1, 1.2, 1), Scaling(2, 1.3, 1)])
    assert fitted.predict(7).depth * sum(base.depths) > 5 * MOST_BLOCKS

    def macs(architecture: Architecture) -> float:
        depths.append(sum(architecture.depths))
        return cost.of(architecture).macs

    budget = Budget(128 * cost.of(base).macs)
    told = r"the growth curve stays below it up to .* beyond, networks have more than 1,000 blocks"
    with pytest.raises(ValueError, match=told):
        solve(base, growth=fitted, budget=budget, stage=7, cost_of=macs)
    assert max(depths) <= MOST_BLOCKS + len(base.depths)


def test_a_curve_that_levels_off_says_how_far_it_goes():
    with pytest.raises(ValueError, match="growth curve stays below it"):
        follow(
            network(),
            curve=lambda j: Scaling(width=2 - math.exp(-j)),
            budget=Budget(1e12),
            start=3.0,
        )


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    stage=st.floats(0.4, 4.5),
    a=st.floats(0.1, 0.4),
    b=st.floats(0.15, 0.3),
    c=st.floats(0.0, 0.3),
    depths=st.lists(st.integers(1, 4), min_size=5, max_size=5),
)
def test_solved_members_meet_any_budget(stage, a, b, c, depths):
    base = network(depths=(1, *depths, 1))
    fitted = extrapolation.fit(
        [1, 2], scalings=[Scaling(1 + a * j, 1 + b * j, 1 + c * j) for j in (1, 2)]
    )
    budget = Budget(cost.of(base).macs * 2**stage, tolerance=0.02)
    member = solve(base, growth=fitted, budget=budget, stage=stage, form="linear")
    macs = cost.of(member.architecture).macs
    assert budget.contains(macs)
    assert member.gap == pytest.approx(macs / budget.target - 1)
    assert member.architecture.resolution % 4 == 0
    assert all(width % 8 == 0 for width in member.architecture.widths)


@pytest.mark.parametrize("share", [0.97, 1.0, 1.04])
def test_the_base_itself_stands_at_its_own_budget(share):
    base = network()
    fitted = extrapolation.fit([1, 2], scalings=[Scaling(1.2, 1.1, 1.1), Scaling(1.4, 1.3, 1.2)])
    budget = Budget(cost.of(base).macs * share, tolerance=0.05)
    member = solve(base, growth=fitted, budget=budget, stage=0.0, name="x")
    assert member.architecture == base.renamed("x")
    assert (member.predicted, member.solved) == (Scaling(), Scaling())
    assert member.gap == pytest.approx(1 / share - 1)


@pytest.mark.parametrize("kind", ["params", "activations"])
def test_other_kinds_of_budget(kind):
    fitted = extrapolation.fit([1], scalings=[Scaling(1.2, 1.15, 1.1)])
    target = getattr(cost.of(network()), kind) * 3.0
    member = solve(network(), growth=fitted, budget=Budget(target, kind), stage=1.6)
    assert abs(getattr(cost.of(member.architecture), kind) / target - 1) <= 0.05


@pytest.mark.parametrize("factor", [2, 4, 8])
@pytest.mark.parametrize(
    "scaling", [(1.0, 0.5, 0.0), (0.0, 0.0, 0.5), (1 / 3, 1 / 6, 1 / 6), (0.1, 0.4, 0.05)]
)
def test_hand_rules_within_one_percent_and_never_above(factor, scaling):
    base, (d, w, r) = small(), scaling
    budget = Budget(cost.of(base).macs * factor, tolerance=0.01)
    rule = follow(
        base, curve=lambda j: Scaling(2 ** (j * d), 2 ** (j * w), 2 ** (j * r)),
        budget=budget, start=math.log2(factor),
    )  # fmt: skip
    found = meet_budget(
        base, scaling=rule, budget=budget, at_most=True, width_divisor=4, resolution_divisor=1
    )
    assert 0.99 * budget.target <= cost.of(found).macs <= budget.target


def test_a_rounding_that_is_already_right_is_kept():
    scaling = Scaling(2.0, 1.5, 1.25)
    wanted = apply(network(), scaling)
    budget = Budget(cost.of(wanted).macs, tolerance=0.001)
    assert meet_budget(network(), scaling=scaling, budget=budget) == wanted


def test_only_the_named_dimensions_move():
    scaling = Scaling(1.3, 1.2, 1.1)
    target = cost.of(apply(network(), scaling)).macs * 1.04
    found = meet_budget(
        network(), scaling=scaling, budget=Budget(target, tolerance=0.01), move=("width",)
    )
    nearest = apply(network(), scaling)
    assert (found.depths, found.resolution) == (nearest.depths, nearest.resolution)
    assert found.widths != nearest.widths


def test_no_rounding_meets_the_budget():
    with pytest.raises(ValueError, match=r"nearest are .* below and .* above"):
        meet_budget(network(), scaling=Scaling(), budget=Budget(4.01e8, tolerance=1e-7))


@pytest.mark.slow
@pytest.mark.parametrize(("target", "tolerance"), [(12e9, 0.01), (12e9, 0.001), (2e9, 0.05)])
def test_solving_costs_about_a_thousand_networks(target, tolerance):
    """Which is less than a second, also where a network's latency is predicted."""
    fitted = extrapolation.fit([1, 2], scalings=[Scaling(1.2, 1.1, 1.1), Scaling(1.4, 1.3, 1.2)])
    budget, costed = Budget(target, tolerance=tolerance), []

    def macs(architecture: Architecture) -> float:
        costed.append(architecture.key)
        return float(cost.of(architecture).macs)

    stage = math.log2(target / cost.of(network()).macs)
    member = solve(network(), growth=fitted, budget=budget, stage=stage, cost_of=macs)
    assert member.architecture.key in costed
    assert len(costed) < 1500


def test_a_network_at_its_least_side_meets_its_own_macs():
    """ResNet-50 halves a picture five times, once by its stem's max pool: 28 pixels are too few."""
    least = replace(known.load("resnet50"), resolution=32)
    assert least.total_stride == 32
    own = Budget(cost.count(least, "macs"))
    assert meet_budget(least, scaling=Scaling(), budget=own).resolution >= 32


def grown(scalings, *, factor=8.0, resolution_step=1, **more):
    """A member of `factor` times the small base's macs by a line through two stages."""
    base = small()
    macs = cost.of(base).macs
    return solve(
        base, growth=extrapolation.fit([1, 2], scalings=scalings, form="linear"),
        budget=Budget(factor * macs), stage=math.log2(factor), width_divisor=4,
        resolution_divisor=resolution_step, **more,
    )  # fmt: skip


EVEN = [Scaling(1.2, 1.1, 1.2), Scaling(1.4, 1.2, 1.4)]


def test_inputs_have_no_more_pixels_than_there_are_and_depth_and_width_take_the_rest():
    free, held = grown(EVEN), grown(EVEN, most_side=28)
    assert free.architecture.resolution > 28 == held.architecture.resolution
    assert (free.asked, held.asked) == (None, free.architecture.resolution)
    assert abs(held.gap) <= 0.05
    assert held.predicted == free.predicted
    assert held.solved.depth > free.solved.depth
    assert held.solved.width > free.solved.width
    # What was lost is shared in the curve's own ratio of macs: log depth to 2 log width.
    taken = [
        math.log(getattr(held.solved, d) / getattr(free.solved, d)) for d in ("depth", "width")
    ]
    whole = [math.log(getattr(free.solved, d)) for d in ("depth", "width")]
    assert taken[0] / taken[1] == pytest.approx(whole[0] / whole[1])


def test_growth_in_pixels_alone_becomes_growth_in_depth_and_width():
    held = grown([Scaling(1.0, 1.0, 1.4), Scaling(1.0, 1.0, 1.8)], most_side=30)
    assert held.architecture.resolution <= 30
    assert abs(held.gap) <= 0.05
    assert held.solved.depth == pytest.approx(held.solved.width**2)
    assert held.solved.depth > 1.3


def test_a_side_is_kept_to_in_steps_of_the_resolution():
    held = grown(EVEN, most_side=30, resolution_step=4)
    assert held.architecture.resolution == 28


def test_enough_pixels_change_nothing():
    assert grown(EVEN, most_side=500) == grown(EVEN)
