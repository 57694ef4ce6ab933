"""The forward pass of an architecture on given weights: no modules, no state."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor
from torch.nn import functional as F

from escalade.core.network.architecture import Architecture, Block, SqueezeExcite
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
        weights: every parameter of the network.
        normalise: called for each batch norm, in forward order.
        drop_rate: dropout before the classifier, from torch's global generator.
    """
    stem, head = architecture.stem, architecture.head
    x = _conv(x, weights, "conv_stem", stride=stem.stride, padding=stem.kernel // 2)
    x = _activate(_norm(x, weights, "bn1", normalise), stem.activation)
    width = stem.width
    for i, stage in enumerate(architecture.stages):
        for k, block in enumerate(stage.blocks):
            at = f"blocks.{i}.{k}."
            branch = BLOCKS[block.kind](x, block, weights, at, normalise)
            if block.has_shortcut(width):
                shortcut = _shortcut(x, block, width, weights, at + "shortcut.", normalise)
                branch.add_(shortcut)  # nothing else reads the branch
            x, width = branch, block.width
    x = _conv(x, weights, "conv_head")
    x = _activate(_norm(x, weights, "bn2", normalise), head.activation)
    features = x.mean((2, 3))
    if drop_rate > 0:
        features = F.dropout(features, drop_rate)
    return F.linear(features, weights["classifier.weight"], weights["classifier.bias"])


def _mbconv(x: Tensor, block: Block, weights: Weights, at: str, normalise: Normalise) -> Tensor:
    x = _conv(x, weights, at + "conv_pw")
    x = _activate(_norm(x, weights, at + "bn1", normalise), block.activation)
    x = _depthwise(x, block, weights, at + "conv_dw")
    x = _activate(_norm(x, weights, at + "bn2", normalise), block.activation)
    if block.se is not None:
        x = _squeeze_excite(x, block.se, weights, at + "se.")
    return _norm(_conv(x, weights, at + "conv_pwl"), weights, at + "bn3", normalise)


def _dsconv(x: Tensor, block: Block, weights: Weights, at: str, normalise: Normalise) -> Tensor:
    x = _depthwise(x, block, weights, at + "conv_dw")
    x = _activate(_norm(x, weights, at + "bn1", normalise), block.activation)
    if block.se is not None:
        x = _squeeze_excite(x, block.se, weights, at + "se.")
    return _norm(_conv(x, weights, at + "conv_pw"), weights, at + "bn2", normalise)


def _linear(x: Tensor, block: Block, weights: Weights, at: str, normalise: Normalise) -> Tensor:
    x = _conv(_max_pool(x, block.stride), weights, at + "conv")
    return x if block.activation == "none" else _activate(x, block.activation)


def _identity(x: Tensor, block: Block, weights: Weights, at: str, normalise: Normalise) -> Tensor:
    """Zero channels are appended where the layer is wider than its input."""
    missing = block.width - x.shape[1]
    x = _max_pool(x, block.stride)
    return F.pad(x, (0, 0, 0, 0, 0, missing)) if missing else x


BLOCKS: dict[str, Callable[[Tensor, Block, Weights, str, Normalise], Tensor]] = {
    "mbconv": _mbconv,
    "dsconv": _dsconv,
    "linear": _linear,
    "identity": _identity,
}


def _max_pool(x: Tensor, stride: int) -> Tensor:
    return F.max_pool2d(x, stride, ceil_mode=True) if stride > 1 else x


def _shortcut(
    x: Tensor, block: Block, in_width: int, weights: Weights, at: str, normalise: Normalise
) -> Tensor:
    """The input itself, or the transition that takes it to the output's shape."""
    if block.stride > 1:
        x = F.avg_pool2d(x, block.stride, ceil_mode=True, count_include_pad=False)
    if block.has_projection(in_width):
        x = _norm(_conv(x, weights, at + "conv"), weights, at + "bn", normalise)
    return x


def _depthwise(x: Tensor, block: Block, weights: Weights, name: str) -> Tensor:
    groups = weights[name + ".weight"].shape[0]
    padding = block.kernel // 2
    return _conv(x, weights, name, stride=block.stride, padding=padding, groups=groups)


def _squeeze_excite(x: Tensor, se: SqueezeExcite, weights: Weights, at: str) -> Tensor:
    y = _conv(x.mean((2, 3), keepdim=True), weights, at + "conv_reduce")
    y = _conv(_activate(y, se.activation), weights, at + "conv_expand")
    gate = GATES[se.gate](y)
    return x * gate if torch.is_grad_enabled() else x.mul_(gate)


def _conv(
    x: Tensor, weights: Weights, name: str, *, stride: int = 1, padding: int = 0, groups: int = 1
) -> Tensor:
    weight, bias = weights[name + ".weight"], weights.get(name + ".bias")
    return F.conv2d(x, weight, bias, stride=stride, padding=padding, groups=groups)


def _activate(x: Tensor, activation: str) -> Tensor:
    """In place without gradients: autograd would have to keep a copy of the input."""
    return ACTIVATIONS[activation](x, not torch.is_grad_enabled())


def _norm(x: Tensor, weights: Weights, name: str, normalise: Normalise) -> Tensor:
    return normalise(x, weights[name + ".weight"], weights[name + ".bias"])
