"""SCARLET's lemmas on random shapes, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from escalade.supernet.lemmas import Convolution, fold_into

NUM_CASES = 300
BOUND = 1e-5  # of the largest difference over the largest value, both in fp32


def difference(found: Tensor, expected: Tensor) -> float:
    """The largest difference, relative to the largest value."""
    assert found.shape == expected.shape
    return float((found - expected).abs().max() / expected.abs().max())


def run(x: Tensor, made: Convolution) -> Tensor:
    return F.conv2d(
        x,
        made.weight,
        made.bias,
        stride=made.stride,
        padding=made.padding,
        dilation=made.dilation,
    )


def widths(rng: np.random.Generator) -> tuple[int, int, int]:
    inputs, middle, outputs = (int(n) for n in rng.integers(1, 97, 3))
    return inputs, middle, outputs


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


@pytest.mark.slow
def test_1x1_convolutions_fold_into_convolutions_of_any_stride_padding_and_dilation() -> None:
    rng, worst = np.random.default_rng(1), 0.0
    strides = set()
    for _ in range(NUM_CASES):
        inputs, middle, outputs = widths(rng)
        kernel = int(rng.choice([1, 2, 3, 5, 7]))
        stride = int(rng.integers(1, 4))
        second = Convolution(
            weight=torch.randn(outputs, middle, kernel, kernel),
            bias=torch.randn(outputs) if rng.random() < 0.5 else None,
            stride=int(rng.integers(1, 4)),
            padding=int(rng.integers(0, kernel // 2 + 2)),
            dilation=int(rng.integers(1, 3)),
        )
        reach = second.dilation * (kernel - 1) + 1
        least = stride * max(0, reach - 2 * second.padding - 1) + 1
        side = least + int(rng.integers(0, 9))
        first, x = torch.randn(middle, inputs, 1, 1), torch.randn(2, inputs, side, side + 1)
        expected = run(F.conv2d(x, first, stride=stride), second)
        made = fold_into(first, second, stride=stride)
        worst = max(worst, difference(run(x, made), expected))
        strides.add((stride, second.stride))
    assert worst < BOUND
    assert len(strides) == 9


def test_a_bias_folds_where_nothing_pads() -> None:
    first, shift = torch.randn(6, 4, 1, 1), torch.randn(6)
    second = Convolution(weight=torch.randn(5, 6, 3, 3), bias=torch.randn(5))
    x = torch.randn(2, 4, 9, 9)
    expected = run(F.conv2d(x, first, shift), second)
    assert difference(run(x, fold_into(first, second, bias=shift)), expected) < BOUND
    bare = Convolution(weight=second.weight)
    expected = run(F.conv2d(x, first, shift), bare)
    assert difference(run(x, fold_into(first, bare, bias=shift)), expected) < BOUND


def test_a_bias_at_a_padded_border_is_refused_and_would_be_wrong() -> None:
    first, shift = torch.randn(6, 4, 1, 1), torch.randn(6)
    second = Convolution(weight=torch.randn(5, 6, 3, 3), padding=1)
    with pytest.raises(ValueError, match=r"bias: .* padding 1.* use padding 0"):
        fold_into(first, second, bias=shift)
    x = torch.randn(1, 4, 8, 8)
    blind = fold_into(first, second).weight
    constant = second.weight.sum((2, 3)) @ shift
    wrong = F.conv2d(x, blind, constant, padding=1)
    right = run(F.conv2d(x, first, shift), second)
    assert difference(wrong[..., 1:-1, 1:-1], right[..., 1:-1, 1:-1]) < BOUND
    assert difference(wrong, right) > 0.01


def test_folded_weights_keep_type_and_form() -> None:
    first, second = torch.randn(6, 4, 1, 1), torch.randn(5, 6, 1, 1)
    assert fold_into(first, Convolution(weight=second)).weight.shape == (5, 4, 1, 1)
    halves = fold_into(first.half(), Convolution(weight=second.half()))
    assert halves.weight.dtype is torch.float16
    made = fold_into(first, Convolution(weight=torch.randn(5, 6, 3, 3), padding=1), stride=2)
    assert (made.stride, made.padding, made.dilation) == (2, 2, 2)
    assert made.bias is None


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ((6, 4, 3, 3), (5, 6, 3, 3), "first: .* has a kernel"),
        ((6, 4), (5, 6, 3, 3), "second: .* other dimensions"),
        ((6, 4, 1, 1), (5, 7, 3, 3), "reads 7 channels .* makes 6"),
        ((6, 4, 1, 1), (6, 1, 3, 3), "ungrouped"),
    ],
)
def test_what_does_not_follow_is_refused(
    first: tuple[int, ...], second: tuple[int, ...], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        fold_into(torch.zeros(first), Convolution(weight=torch.zeros(second)))
