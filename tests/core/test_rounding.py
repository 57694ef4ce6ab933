from __future__ import annotations

import pytest
import timm.layers
import torch
from hypothesis import given
from hypothesis import strategies as st

from escalade.core.numbers.rounding import conv_side, make_divisible, round_to, scale_depth

positive = st.floats(0.5, 5000)
divisors = st.sampled_from([1, 2, 4, 8, 16])


@given(positive, divisors)
def test_make_divisible_is_timms(value, divisor):
    assert make_divisible(value, divisor) == timm.layers.make_divisible(value, divisor)


@given(positive, divisors)
def test_make_divisible_properties(value, divisor):
    rounded = make_divisible(value, divisor)
    assert rounded % divisor == 0
    assert rounded >= divisor
    assert rounded >= 0.9 * value
    assert rounded <= max(value + divisor, divisor)


@given(positive, divisors)
def test_round_to_is_the_nearest_multiple(value, divisor):
    rounded = round_to(value, divisor)
    assert rounded % divisor == 0
    assert rounded == divisor or abs(rounded - value) <= divisor / 2


@pytest.mark.parametrize(
    ("depth", "ratio", "expected"),
    [(1, 1.0, 1), (1, 1.04, 2), (4, 1.16, 5), (2, 1.5, 3), (4, 1.25, 5), (3, 1.64, 5), (5, 1.2, 6)],
)
def test_depth_is_rounded_up(depth, ratio, expected):
    assert scale_depth(depth, ratio) == expected


def test_stage_one_ratios_give_one_depth_map():
    """With depths rounded up, 1.04 to 1.16 are one and the same (facts, section 3)."""

    def maps(ratios):
        return {tuple(scale_depth(d, r) for d in range(1, 5)) for r in ratios}

    assert len(maps([1.04, 1.08, 1.12, 1.16])) == 1
    assert len(maps([1.20, 1.24, 1.28, 1.32, 1.36])) == 3
    assert len(maps([1.40, 1.44, 1.48, 1.52, 1.56, 1.60, 1.64])) == 2


@given(st.integers(1, 80), st.sampled_from([1, 2]), st.sampled_from([1, 3, 5, 7]))
def test_side_of_a_convolution_is_torchs(side, stride, kernel):
    image = torch.empty(1, 1, side, side, device="meta")
    weight = torch.empty(1, 1, kernel, kernel, device="meta")
    made = torch.nn.functional.conv2d(image, weight, stride=stride, padding=kernel // 2)
    assert made.shape[-1] == conv_side(side, stride)
