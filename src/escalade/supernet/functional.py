"""The forward pass of an architecture on given weights: no modules, no state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Conventions
from escalade.core.network.branches import Layers
from escalade.core.network.layers import Conv, Excitation, GlobalPool, Layer, Linear, Pad, Pool
from escalade.core.network.parts import parts_of
from escalade.core.numbers.rounding import same_padding
from escalade.supernet.normalise import Normalise

Weights = Mapping[str, Tensor]
ACTIVATIONS: dict[str, Callable[[Tensor, bool], Tensor]] = {
    "relu": F.relu,
    "relu6": F.relu6,
    "hard_swish": F.hardswish,
    "swish": F.silu,
}
GATES: dict[str, Callable[[Tensor], Tensor]] = {
    "hard_sigmoid": F.hardsigmoid,
    "sigmoid": F.sigmoid,
}


def forward(
    x: Tensor,
    architecture: Architecture,
    weights: Weights,
    *,
    normalise: Normalise,
    drop_rate: float = 0.0,
) -> Tensor:
    """Logits of an architecture; `weights` are under timm's names.

    A convolution adds a bias where `weights` has one (folded batch norm).

    Args:
        x: images, (batch, in_channels, side, side), best in channels_last.
        architecture: the network; its resolution is not used.
        normalise: called for each batch norm, in forward order.
        drop_rate: dropout before the classifier, from torch's global generator.
    """
    conventions = architecture.conventions
    for prefix, part in parts_of(architecture):
        x = run(
            x,
            part.layers,
            weights,
            prefix=prefix,
            conventions=conventions,
            normalise=normalise,
            drop_rate=drop_rate,
        )
    return x


def run(
    x: Tensor,
    layers: Layers,
    weights: Weights,
    *,
    prefix: str,
    conventions: Conventions,
    normalise: Normalise,
    drop_rate: float = 0.0,
) -> Tensor:
    """What comes out of one part of a network, as `forward` runs it; `x` stays as it is.

    Args:
        x: what comes out of the part before.
        layers: what the part is made of.
        weights: among them the part's.
        prefix: what stands before the layers' names in them.
        conventions: of the network.
        normalise, drop_rate: as for `forward`.
    """
    return _add(x, layers, _Run(weights, prefix, normalise, drop_rate, conventions))


@dataclass(frozen=True, slots=True)
class _Run:
    """What layers run on: weights, what stands before the layers' names in them, and how."""

    weights: Weights
    prefix: str
    normalise: Normalise
    drop_rate: float
    conventions: Conventions

    def of(self, name: str) -> tuple[Tensor, Tensor | None]:
        """Weight, and bias if there is one."""
        name = self.prefix + name
        return self.weights[name + ".weight"], self.weights.get(name + ".bias")


def _add(x: Tensor, layers: Layers, run: _Run) -> Tensor:
    """The branch, the shortcut and the activation after both."""
    y = _chain(x, layers.branch, run)
    if layers.shortcut is not None:
        shortcut = _chain(x, layers.shortcut, run)
        if layers.ends_active and torch.is_grad_enabled():  # autograd reads what it put out
            y = y + shortcut
        else:
            y.add_(shortcut)  # nothing else reads the branch
    return _activate(y, layers.activation)


def _chain(x: Tensor, layers: tuple[Layer, ...], run: _Run) -> Tensor:
    for layer in layers:
        x = _RUNS[type(layer)](x, layer, run)
    return x


def _conv(x: Tensor, conv: Conv, run: _Run) -> Tensor:
    weight, bias = run.of(conv.name)
    groups, padding = conv.in_width // conv.reads, conv.kernel // 2
    if run.conventions.pads_same and conv.stride > 1:
        x, padding = _pad_same(x, conv), 0
    x = F.conv2d(x, weight, bias, stride=conv.stride, padding=padding, groups=groups)
    if conv.norm is not None:
        scale, shift = run.of(conv.norm)
        assert shift is not None
        x = run.normalise(x, scale, shift, run.conventions.epsilon)
    return _activate(x, conv.activation)


def _pad_same(x: Tensor, conv: Conv) -> Tensor:
    """Zeros around images, as TensorFlow has them."""
    height, width = (same_padding(side, conv.kernel, conv.stride) for side in x.shape[2:])
    return F.pad(x, (*width, *height))


def _excite(x: Tensor, excitation: Excitation, run: _Run) -> Tensor:
    y = _conv(x.mean((2, 3), keepdim=True), excitation.reduce, run)
    gate = _conv(y, excitation.expand, run)
    return x * gate if torch.is_grad_enabled() else x.mul_(gate)


def _pool(x: Tensor, pool: Pool, run: _Run) -> Tensor:
    if pool.is_average:
        return F.avg_pool2d(x, pool.stride, ceil_mode=True, count_include_pad=False)
    if pool.kernel > pool.stride:
        return F.max_pool2d(x, pool.kernel, pool.stride, padding=pool.kernel // 2)
    return F.max_pool2d(x, pool.stride, ceil_mode=True)


def _pad(x: Tensor, pad: Pad, run: _Run) -> Tensor:
    return F.pad(x, (0, 0, 0, 0, 0, pad.width - pad.in_width))


def _global_pool(x: Tensor, pool: GlobalPool, run: _Run) -> Tensor:
    return x.mean((2, 3), keepdim=True)


def _linear(x: Tensor, linear: Linear, run: _Run) -> Tensor:
    features = x.flatten(1)
    if run.drop_rate > 0:
        features = F.dropout(features, run.drop_rate)
    return F.linear(features, *run.of(linear.name))


_RUNS: dict[type, Callable[[Tensor, Any, _Run], Tensor]] = {
    Conv: _conv,
    Excitation: _excite,
    Pool: _pool,
    Pad: _pad,
    GlobalPool: _global_pool,
    Linear: _linear,
}


def _activate(x: Tensor, activation: str) -> Tensor:
    """In place without gradients: autograd would have to keep a copy of the input."""
    if activation == "none":
        return x
    if activation in GATES:
        return GATES[activation](x)
    return ACTIVATIONS[activation](x, not torch.is_grad_enabled())
