"""Macs, parameters and activations of one architecture, layer by layer (docs/method.md).

macs: multiply-adds of convolutions and linear layers. params: every trainable element, batch-norm
affine and biases included. activations: elements of the outputs of every convolution
(squeeze-excitations at 1x1 and projection shortcuts included), of linear layers, and of the stem's
max pool, as the published figures of ResNet and ResNeXt count it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from escalade.core.architecture import Architecture, Block
from escalade.core.legality import RESIDUAL_KINDS
from escalade.core.rounding import conv_side


@dataclass(frozen=True, slots=True)
class Cost:
    """Exact integer costs of a network for one image."""

    macs: int
    params: int
    activations: int


@dataclass(frozen=True, slots=True)
class LayerCost:
    """Cost of one layer, named as in the built network's state dict."""

    name: str
    macs: int
    params: int
    activations: int


def of(architecture: Architecture) -> Cost:
    """Cost of the whole network; agrees exactly with the built one and with population costs."""
    macs = params = activations = 0
    for layer in _walk(architecture):
        macs += layer[1]
        params += layer[2]
        activations += layer[3]
    return Cost(macs, params, activations)


def layers(architecture: Architecture) -> list[LayerCost]:
    """Cost of each layer, in the order they run."""
    return [LayerCost(*layer) for layer in _walk(architecture)]


_Layer = tuple[str, int, int, int]


def _walk(arch: Architecture) -> Iterator[_Layer]:
    residual = arch.stages[0].blocks[0].kind in RESIDUAL_KINDS
    stem = arch.stem
    side = conv_side(arch.resolution, stem.stride)
    name = "stem.conv" if residual else "conv_stem"
    yield _conv(name, arch.in_channels, stem.width, stem.kernel, side)
    if stem.max_pool:
        side = conv_side(side, 2)
        yield "stem.pool", 0, 0, stem.width * side * side
    width = stem.width
    for i, stage in enumerate(arch.stages):
        for k, block in enumerate(stage.blocks):
            layers_of = _residual_block if residual else _mobile_block
            prefix = "stages" if residual else "blocks"
            yield from layers_of(f"{prefix}.{i}.{k}", block, width, side)
            side = conv_side(side, block.stride)
            width = block.width
    yield from _head(arch, width, side, residual=residual)


def _head(arch: Architecture, width: int, side: int, *, residual: bool) -> Iterator[_Layer]:
    """The last convolution, a hidden layer after pooling, the classifier.

    With a hidden layer the convolution before the pool is timm's block of its own (MobileNetV3).
    """
    head = arch.head
    if head.width is not None:
        name = f"blocks.{len(arch.stages)}.0.conv" if head.hidden is not None else "conv_head"
        yield _conv("final_conv.conv" if residual else name, width, head.width, 1, side)
        width = head.width
    if head.hidden is not None:
        yield _linear("conv_head", width, head.hidden)
        width = head.hidden
    yield _linear("head.fc" if residual else "classifier", width, arch.num_classes)


def _mobile_block(name: str, block: Block, in_width: int, side: int) -> Iterator[_Layer]:
    hidden = block.hidden(in_width)
    out = conv_side(side, block.stride)
    if block.kind == "mbconv":
        yield _conv(f"{name}.conv_pw", in_width, hidden, 1, side)
    yield _conv(f"{name}.conv_dw", 1, hidden, block.kernel, out)
    yield from _squeeze_excite(
        f"{name}.se", hidden, block.se_width(in_width), names=("conv_reduce", "conv_expand")
    )
    last = "conv_pwl" if block.kind == "mbconv" else "conv_pw"
    yield _conv(f"{name}.{last}", hidden, block.width, 1, out)


def _residual_block(name: str, block: Block, in_width: int, side: int) -> Iterator[_Layer]:
    hidden = block.hidden(in_width)
    group = block.group_width or hidden
    out = conv_side(side, block.stride)
    if block.has_projection(in_width):
        yield _conv(f"{name}.shortcut.conv", in_width, block.width, 1, out)
    yield _conv(f"{name}.conv1_1x1.conv", in_width, hidden, 1, side)
    yield _conv(f"{name}.conv2_kxk.conv", group, hidden, block.kernel, out)
    yield from _squeeze_excite(
        f"{name}.attn", hidden, block.se_width(in_width), names=("fc1", "fc2")
    )
    yield _conv(f"{name}.conv3_1x1.conv", hidden, block.width, 1, out)


def _squeeze_excite(
    name: str, hidden: int, reduced: int, *, names: tuple[str, str]
) -> Iterator[_Layer]:
    if reduced:
        weights = hidden * reduced
        yield f"{name}.{names[0]}", weights, weights + reduced, reduced
        yield f"{name}.{names[1]}", weights, weights + hidden, hidden


def _conv(name: str, in_width: int, width: int, kernel: int, side: int) -> _Layer:
    """A convolution without bias and the batch norm after it; `in_width` is one group's."""
    weights = in_width * width * kernel * kernel
    return name, weights * side * side, weights + 2 * width, width * side * side


def _linear(name: str, in_width: int, width: int) -> _Layer:
    return name, in_width * width, in_width * width + width, width
