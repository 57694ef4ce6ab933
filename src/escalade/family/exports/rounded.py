"""A network that trains with the rounding of its INT8 file (Jacob et al., 2018, section 3).

What each convolution and linear layer reads is rounded to 8 bits within the range that it had on
calibration images, and its weights to 7 bits, a scale a channel. Gradients pass the rounding as if
it were not there, and stop where a range ends; both is torch's own fake quantisation.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.func import functional_call

from escalade.supernet.recalibrate import fold

LEAST = torch.finfo(torch.float32).tiny
LEVELS, LARGEST = 255, 64  # of what is read, from 0; of weights, on both sides of 0


class Rounded(nn.Module):
    """A layer as INT8 computes it.

    Args:
        layer: a convolution or a linear layer.
        low, high: what it reads is between these, and 0 is.
    """

    scale: Tensor
    zero: Tensor

    def __init__(self, layer: nn.Module, *, low: Tensor, high: Tensor) -> None:
        super().__init__()
        self.layer = layer
        scale = ((high - low) / LEVELS).clamp_min(LEAST)
        self.register_buffer("scale", scale)
        self.register_buffer("zero", (-low / scale).round().to(torch.int32))

    def forward(self, x: Tensor) -> Tensor:
        read = torch.fake_quantize_per_tensor_affine(x, self.scale, self.zero, 0, LEVELS)
        rounded = {"weight": _round_weight(self.layer.get_parameter("weight"))}
        made: Tensor = functional_call(self.layer, rounded, (read,))
        return made


def with_rounding(network: nn.Module, calibration: Sequence[Tensor]) -> nn.Module:
    """A copy of a network, batch norm folded into its layers, which are rounded.

    Args:
        network: in evaluation mode, on the CPU.
        calibration: batches of prepared images.
    """
    plain = fold(deepcopy(network))
    ranges = _ranges(plain, calibration)
    for name, (low, high) in ranges.items():
        rounded = Rounded(plain.get_submodule(name), low=low, high=high)
        plain.set_submodule(name, rounded)
    return plain


def without_rounding(network: nn.Module) -> nn.Module:
    """What `with_rounding` made, its layers plain again; in place."""
    for name, module in list(network.named_modules()):
        if isinstance(module, Rounded):
            network.set_submodule(name, module.layer)
    return network


def _round_weight(weight: Tensor) -> Tensor:
    """By the largest of each output channel; zero stays zero."""
    scale = weight.detach().flatten(1).abs().amax(1).div(LARGEST).clamp_min(LEAST)
    zero = torch.zeros_like(scale, dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weight, scale, zero, 0, -LARGEST, LARGEST)


@torch.no_grad()
def _ranges(network: nn.Module, calibration: Sequence[Tensor]) -> dict[str, tuple[Tensor, Tensor]]:
    """The least and the largest value that each layer reads, 0 included, by its name."""
    found: dict[str, tuple[Tensor, Tensor]] = {}

    def note(name: str, read: Tensor) -> None:
        low, high = found.get(name, (torch.zeros(()), torch.zeros(())))
        found[name] = torch.minimum(low, read.min()), torch.maximum(high, read.max())

    layers = {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, (nn.Conv2d, nn.Linear))
    }
    hooks = [
        layer.register_forward_pre_hook(lambda _, read, name=name: note(name, read[0]))
        for name, layer in layers.items()
    ]
    for images in calibration:
        network(images)
    for hook in hooks:
        hook.remove()
    return found
