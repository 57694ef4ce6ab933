from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from pymoo.indicators.hv import HV
from pymoo.operators.survival.rank_and_crowding.metrics import calc_crowding_distance
from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting

from escalade.core.scaling.ratios import Scaling, scaling_between
from escalade.search.front.chosen import choose
from escalade.search.front.pareto import crowding, equispaced, extended, hypervolume, non_dominated

# Few distinct values, so that ties and equal points come up.
POINTS = st.tuples(st.integers(1, 25), st.integers(2, 4)).flatmap(
    lambda shape: arrays.arrays(np.float64, shape, elements=st.integers(0, 6).map(float))
)


@given(POINTS)
def test_non_dominated_is_pymoos_first_front(points):
    front = NonDominatedSorting().do(points, only_non_dominated_front=True)
    assert np.flatnonzero(non_dominated(points)).tolist() == sorted(front.tolist())


@given(POINTS, st.integers(0, 25))
def test_a_front_is_extended_as_if_it_were_made_anew(points, num):
    first, more = points[:num], points[num:]
    front = first[non_dominated(first)]
    joined = np.concatenate([front, more])
    assert extended(front, by=more).tolist() == non_dominated(joined).tolist()


@given(POINTS)
def test_hypervolume_counts_the_unit_cells_that_are_dominated(points):
    cells = np.array(list(itertools.product(range(5), repeat=points.shape[1])))
    dominated = (points[:, None] <= cells).all(axis=2).any(axis=0)
    assert hypervolume(points, reference=[5.0] * points.shape[1]) == dominated.sum()


@pytest.mark.parametrize("objectives", [2, 3, 4])
def test_hypervolume_is_pymoos(objectives):
    points = np.random.default_rng(0).random((40, objectives))
    reference = np.full(objectives, 0.9)
    assert hypervolume(points, reference=reference) == pytest.approx(
        HV(ref_point=reference)(points)
    )


def test_hypervolume_of_points_beyond_the_reference_is_none():
    assert hypervolume(np.array([[1.0, 0.2], [0.5, 1.0]]), reference=[1.0, 1.0]) == 0.0
    assert hypervolume(np.empty((0, 2)), reference=[1.0, 1.0]) == 0.0


@pytest.mark.slow
@given(st.integers(0, 1000), st.integers(3, 30), st.integers(2, 4))
def test_crowding_with_equal_weights_is_pymoos(seed, num, objectives):
    points = np.random.default_rng(seed).random((num, objectives))
    weights = np.full(objectives, 1 / objectives)
    assert crowding(points, weights=weights) == pytest.approx(calc_crowding_distance(points))


def test_weights_say_which_neighbours_count():
    points = np.array([[0.0, 10.0], [1.0, 9.0], [2.0, 2.0], [9.0, 1.0], [10.0, 0.0]])
    assert crowding(points, weights=[0.5, 0.5])[1:4].tolist() == pytest.approx([0.5, 0.8, 0.5])
    assert crowding(points, weights=[1.0, 0.0])[1:4].tolist() == pytest.approx([0.2, 0.8, 0.8])
    assert crowding(points, weights=[0.0, 1.0])[1:4].tolist() == pytest.approx([0.8, 0.8, 0.2])


def test_ends_of_an_objective_without_weight_are_not_kept():
    points = np.array([[0.0, 5.0, 1.0], [1.0, 4.0, 9.0], [2.0, 3.0, 2.0], [3.0, 2.0, 3.0]])
    assert np.isinf(crowding(points, weights=[0.4, 0.4, 0.2])).tolist() == [1, 1, 0, 1]
    assert np.isinf(crowding(points, weights=[0.5, 0.5, 0.0])).tolist() == [1, 0, 0, 1]


def test_an_objective_in_which_all_are_equal_adds_nothing():
    points = np.array([[0.0, 5.0], [1.0, 5.0], [2.0, 5.0]])
    assert crowding(points, weights=[0.5, 0.5])[1] == pytest.approx(0.5)


def curve(positions):
    return np.array([[1 - x, x] for x in positions])


def test_equispaced_members_of_a_straight_front():
    points = curve([0.0, 0.05, 0.1, 0.2, 0.48, 0.5, 0.52, 0.9, 1.0])[::-1]
    assert points[equispaced(points, num=3), 1].tolist() == [0.0, 0.5, 1.0]
    assert points[equispaced(points, num=1), 1].tolist() == [0.5]
    assert points[equispaced(points, num=2), 1].tolist() == [0.0, 1.0]
    assert points[equispaced(points, num=9), 1].tolist() == sorted(points[:, 1])


def test_equispaced_members_are_distinct_where_points_crowd():
    points = curve([0.0, 0.01, 0.02, 0.03, 1.0])
    assert points[equispaced(points, num=4), 1].tolist() == [0.0, 0.02, 0.03, 1.0]


def test_equispacing_does_not_depend_on_units():
    points = curve(np.random.default_rng(0).random(40))
    scaled = points * np.array([1.0, 5e8])
    assert equispaced(points, num=6).tolist() == equispaced(scaled, num=6).tolist()


@given(st.integers(0, 1000), st.integers(1, 9), st.integers(1, 9))
def test_equispaced_is_the_best_of_all_choices(seed, num_points, num):
    num = min(num, num_points)
    points = curve(np.sort(np.random.default_rng(seed).random(num_points)))
    position = points[:, 1] - points[0, 1]
    wanted = position[-1] * (np.linspace(0, 1, num) if num > 1 else np.array([0.5]))
    least = min(
        ((position[list(rows)] - wanted) ** 2).sum()
        for rows in itertools.combinations(range(num_points), num)
    )
    chosen = equispaced(points, num=num)
    assert ((position[chosen] - wanted) ** 2).sum() == pytest.approx(least)


def test_members_lie_on_the_curve_of_error_and_cost():
    """Networks that are on the front for a third objective only are not chosen."""
    costs = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 2.5, 4.5])
    errors = np.array([0.5, 0.4, 0.3, 0.2, 0.1, 0.6, 0.7])
    assert choose(errors, costs=costs, num=3).tolist() == [0, 2, 4]
    assert choose(errors, costs=costs, num=5).tolist() == [0, 1, 2, 3, 4]


def test_others_fill_up_a_short_curve():
    costs = np.array([1.0, 2.0, 2.5, 4.5])
    errors = np.array([0.5, 0.4, 0.6, 0.45])
    assert choose(errors, costs=costs, num=3).tolist() == [0, 1, 3]
    assert choose(errors, costs=costs, num=4).tolist() == [0, 1, 2, 3]


def test_equal_points_count_once_as_long_as_others_are_left():
    costs, errors = np.array([1.0, 1.0, 2.0, 3.0]), np.array([0.5, 0.5, 0.4, 0.3])
    assert choose(errors, costs=costs, num=3).tolist() == [0, 2, 3]
    assert choose(errors, costs=costs, num=4).tolist() == [0, 1, 2, 3]
    costs, errors = np.array([1.0, 1.0, 2.0]), np.array([0.5, 0.5, 0.6])
    assert choose(errors, costs=costs, num=2).tolist() == [0, 2]


def test_too_few_are_refused():
    with pytest.raises(ValueError, match=r"num_members: 3 .* final front has 2; choose 2 or fewer"):
        choose(np.array([0.1, 0.2]), costs=np.array([2.0, 1.0]), num=3)


def test_ratios_of_networks_whose_stages_differ(space):
    base = space.path(space.smallest, space.base_triple).architecture
    deeper = replace(base, stages=(*base.stages, base.stages[-1]), resolution=base.resolution * 2)
    depth = sum(deeper.depths) / sum(base.depths)
    assert scaling_between(base, deeper) == Scaling(depth=depth, resolution=2.0)
    assert scaling_between(base, base) == Scaling()
