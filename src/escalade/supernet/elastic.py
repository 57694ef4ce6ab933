"""Elastic weights: a smaller layer is a view of a larger one, and is drawn as timm draws them."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn

Side = Literal["left", "right"]
NUM_CHANNEL_DIMS = 2


def view(weight: Tensor, shape: tuple[int, ...], *, side: Side = "left") -> Tensor:
    """The part of a weight that a smaller layer uses, as a view.

    Channels are the first (`left`) or the last (`right`; BCNet's bilateral coupling), kernels the
    centre (BigNAS, section 3). A weight that is used whole is returned itself.

    Raises:
        ValueError: if the weight is smaller than `shape`.
    """
    held = weight.shape
    if held == shape:
        return weight
    for dim, (largest, size) in enumerate(zip(held, shape, strict=True)):
        if size == largest:
            continue
        if size > largest:
            raise ValueError(f"the supernet holds {tuple(held)} here, which has no {shape}")
        if dim >= NUM_CHANNEL_DIMS:
            start = (largest - size) // 2
        else:
            start = 0 if side == "left" else largest - size
        weight = weight.narrow(dim, start, size)
    return weight


def copied(weight: Tensor) -> Tensor:
    """A detached copy with memory of its own; convolutions in channels_last."""
    layout = torch.channels_last if weight.dim() > NUM_CHANNEL_DIMS else torch.contiguous_format
    return weight.detach().clone(memory_format=layout)


def draw(name: str, shape: tuple[int, ...], *, groups: int = 1) -> nn.Parameter:
    """A new parameter, drawn as timm's EfficientNet draws the one of that name.

    Convolutions are normal with deviation sqrt(2 / fan-out), groups counted; the classifier is
    uniform; scales are one, shifts and biases zero.
    """
    if name.endswith("bias"):
        return nn.Parameter(torch.zeros(shape))
    if len(shape) == 1:
        return nn.Parameter(torch.ones(shape))
    if len(shape) == NUM_CHANNEL_DIMS:
        bound = 1.0 / math.sqrt(shape[0])
        return nn.Parameter(torch.empty(shape).uniform_(-bound, bound))
    fan_out = shape[0] // groups * shape[2] * shape[3]
    weight = torch.empty(shape, memory_format=torch.channels_last)
    return nn.Parameter(weight.normal_(0.0, math.sqrt(2.0 / fan_out)))


def hold(module: nn.Module, name: str, parameter: nn.Parameter) -> tuple[nn.Module, str]:
    """Register a parameter under a dotted name, making the modules on the way.

    Returns:
        The module that owns the parameter, and its name there.
    """
    *path, last = name.split(".")
    for part in path:
        if part not in module._modules:
            module.add_module(part, nn.Module())
        module = module.get_submodule(part)
    module.register_parameter(last, parameter)
    return module, last
