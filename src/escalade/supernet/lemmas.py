"""SCARLET's lemmas, on tensors: a 1x1 convolution folded into what reads it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

NUM_CONV_DIMS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Convolution:
    """One convolution: its weight, (outputs, inputs, k, k), and how it runs."""

    weight: Tensor
    bias: Tensor | None = None
    stride: int = 1
    padding: int = 0
    dilation: int = 1


def fold_into(
    first: Tensor, second: Convolution, *, stride: int = 1, bias: Tensor | None = None
) -> Convolution:
    """A 1x1 convolution folded into the k x k one after it, with strides and padding.

    This is Lemma 2, and with k = 1 Lemma 1.

    The first's stride s spreads the kernel over every s-th pixel of its input: strides multiply,
    dilation and padding grow s times. Zero padding of the second is exact because a first without
    bias makes zeros of zeros.

    Args:
        first: (middle, inputs, 1, 1), without activation after it.
        second: the convolution that reads it, not a grouped one.
        stride: of the first, whose padding is 0.
        bias: of the first, (middle,).

    Raises:
        ValueError: if the two do not follow each other, or the first has a bias and the second
            pads: the border would see the bias in one and zeros in the other.
    """
    _check_follow(first, second.weight)
    weight = _product(first, second.weight)
    made = second.bias
    if bias is not None:
        if second.padding:
            raise ValueError(
                f"bias: it does not fold into a convolution with padding {second.padding}, whose "
                "border has zeros where the first layer's output would be its bias; use padding 0 "
                "or a first layer without bias"
            )
        shift = second.weight.double().sum((2, 3)) @ bias.double()
        made = (shift if made is None else made + shift).to(weight.dtype)
    return Convolution(
        weight=weight,
        bias=made,
        stride=stride * second.stride,
        padding=stride * second.padding,
        dilation=stride * second.dilation,
    )


def _check_follow(first: Tensor, second: Tensor) -> None:
    if first.dim() == NUM_CONV_DIMS and first.shape[2:] != (1, 1):
        raise ValueError(f"first: {tuple(first.shape)} has a kernel; only 1x1 convolutions fold")
    if first.dim() != second.dim():
        raise ValueError(
            f"second: {tuple(second.shape)} has other dimensions than the first, "
            f"{tuple(first.shape)}; reshape one of the two"
        )
    if first.shape[0] != second.shape[1]:
        raise ValueError(
            f"second: {tuple(second.shape)} reads {second.shape[1]} channels (of each group), the "
            f"first makes {first.shape[0]}; only an ungrouped layer that reads them all folds"
        )


def _product(first: Tensor, second: Tensor) -> Tensor:
    """Sum over the middle channels, in double precision."""
    mixed = torch.einsum("om...,mi->oi...", second.double(), first.double().flatten(1))
    return mixed.to(second.dtype)
