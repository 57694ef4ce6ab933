"""What the builders share. It goes into a member's `model.py`, so it imports torch alone."""

from __future__ import annotations

import math
from typing import Any

from torch import nn

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "hard_swish": nn.Hardswish,
    "swish": nn.SiLU,
}
GATES: dict[str, type[nn.Module]] = {"hard_sigmoid": nn.Hardsigmoid, "sigmoid": nn.Sigmoid}
NO_DILATION = 1 << 30  # timm turns strides into dilation beyond this output stride
TIMM_STEM_STRIDE = 2


def follow(network: nn.Module, *, epsilon: float, momentum: float, padding: str) -> None:
    """Give batch norms their constants; the padding is for who makes the convolutions."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eps, module.momentum = epsilon, momentum


def set_stem(network: Any, conv: nn.Conv2d, *, kernel: int, stride: int) -> None:
    """timm fixes the stem's stride at 2, and in most networks its kernel at 3."""
    if conv.kernel_size != (kernel, kernel):
        shape = (*conv.weight.shape[:2], kernel, kernel)
        conv.weight = nn.Parameter(conv.weight.new_empty(shape))
        nn.init.normal_(conv.weight, std=math.sqrt(2 / (conv.out_channels * kernel**2)))
        conv.kernel_size = (kernel, kernel)
        conv.padding = (kernel // 2, kernel // 2)
    if stride != TIMM_STEM_STRIDE:
        conv.stride = (stride, stride)
        for info in network.feature_info:
            info["reduction"] = info["reduction"] * stride // TIMM_STEM_STRIDE
