from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from escalade.core.network import cost
from escalade.core.numbers.rounding import scale_depth
from escalade.core.scaling.ratios import Scaling, apply, realised
from escalade.spaces import known

BASE = known.load("mobilenet_v2")
ratio = st.floats(1.0, 3.0)


def test_ratios_of_one_change_nothing(architecture):
    """Whatever the divisors: 12 is no multiple of 8, 21 none of 4."""
    assert apply(architecture, Scaling()) == architecture
    assert realised(architecture, architecture) == Scaling()


def test_each_dimension_alone():
    deeper = apply(BASE, Scaling(depth=2.0))
    assert deeper.depths == tuple(2 * depth for depth in BASE.depths)
    assert (deeper.widths, deeper.resolution) == (BASE.widths, 224)
    wider = apply(BASE, Scaling(width=1.5))
    assert wider.widths == tuple(8 * round(1.5 * width / 8) for width in BASE.widths)
    assert wider.stem.width == 48
    assert wider.head == BASE.head
    finer = apply(BASE, Scaling(resolution=1.1))
    assert finer.resolution == 248  # the multiple of 4 nearest to 246.4
    assert finer.stages == BASE.stages


def test_more_blocks_are_copies_of_the_last_with_stride_one():
    scaled = apply(BASE, Scaling(depth=3.0))
    for stage, before in zip(scaled.stages, BASE.stages, strict=True):
        assert stage.blocks[: len(before.blocks)] == before.blocks
        assert all(block.stride == 1 for block in stage.blocks[1:])


def test_fewer_blocks_keep_the_first():
    scaled = apply(BASE, Scaling(depth=0.5))
    for stage, before in zip(scaled.stages, BASE.stages, strict=True):
        assert stage.blocks == before.blocks[: len(stage.blocks)]
        assert len(stage.blocks) >= 1


def test_depth_may_be_rounded_up():
    scaled = apply(BASE, Scaling(depth=1.1), round_depth=scale_depth)
    assert scaled.depths == tuple(depth + 1 for depth in BASE.depths)
    assert apply(BASE, Scaling(depth=1.1)).depths == BASE.depths


@given(ratio, ratio, ratio)
def test_scaling_never_shrinks_and_keeps_divisors(depth, width, resolution):
    scaled = apply(BASE, Scaling(depth, width, resolution))
    assert cost.of(scaled).params >= cost.of(BASE).params
    assert all(after >= before for after, before in zip(scaled.depths, BASE.depths, strict=True))
    assert all(value % 8 == 0 for value in scaled.widths)
    assert scaled.resolution % 4 == 0


@given(ratio, ratio, ratio)
def test_realised_ratios_are_near_the_wanted(depth, width, resolution):
    found = realised(BASE, apply(BASE, Scaling(depth, width, resolution)))
    assert found.resolution == pytest.approx(resolution, abs=2.01 / 224)
    assert found.width == pytest.approx(width, rel=0.1)
    assert abs(found.depth - depth) <= 0.5 * len(BASE.stages) / sum(BASE.depths) + 1e-9


def test_realised_by_hand():
    scaled = apply(BASE, Scaling(depth=2.0, width=2.0, resolution=1.5))
    assert realised(BASE, scaled) == Scaling(
        depth=2.0, width=pytest.approx(2.0), resolution=pytest.approx(1.5)
    )


def test_json():
    assert Scaling(1.2, 1.1, 1.0).to_json() == {"depth": 1.2, "width": 1.1, "resolution": 1.0}
