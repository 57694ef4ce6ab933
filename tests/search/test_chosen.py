from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from escalade.core.scaling.ratios import Scaling, scaling_between
from escalade.search.front.chosen import choose


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
