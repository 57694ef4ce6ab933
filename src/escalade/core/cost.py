"""Macs, parameters and activations of one architecture, layer by layer (docs/method.md).

macs: multiply-adds of convolutions and linear layers. params: every trainable element, batch-norm
affine and biases included. activations: elements of the outputs of every convolution
(squeeze-excitations at 1x1 included) and of the linear layer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from escalade.core.architecture import Architecture, Block
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
    stem = arch.stem
    side = conv_side(arch.resolution, stem.stride)
    yield _conv("conv_stem", arch.in_channels, stem.width, stem.kernel, side)
    width = stem.width
    for i, stage in enumerate(arch.stages):
        for k, block in enumerate(stage.blocks):
            yield from _block(f"blocks.{i}.{k}", block, width, side)
            side = conv_side(side, block.stride)
            width = block.width
    yield _conv("conv_head", width, arch.head.width, 1, side)
    hidden, classes = arch.head.width, arch.num_classes
    yield "classifier", hidden * classes, hidden * classes + classes, classes


def _block(name: str, block: Block, in_width: int, side: int) -> Iterator[_Layer]:
    hidden = block.hidden(in_width)
    out = conv_side(side, block.stride)
    if block.kind == "mbconv":
        yield _conv(f"{name}.conv_pw", in_width, hidden, 1, side)
    yield _depthwise(f"{name}.conv_dw", hidden, block.kernel, out)
    reduced = block.se_width(in_width)
    if reduced:
        weights = hidden * reduced
        yield f"{name}.se.conv_reduce", weights, weights + reduced, reduced
        yield f"{name}.se.conv_expand", weights, weights + hidden, hidden
    last = "conv_pwl" if block.kind == "mbconv" else "conv_pw"
    yield _conv(f"{name}.{last}", hidden, block.width, 1, out)


def _conv(name: str, in_width: int, width: int, kernel: int, side: int) -> _Layer:
    """A convolution without bias and the batch norm after it."""
    weights = in_width * width * kernel * kernel
    return name, weights * side * side, weights + 2 * width, width * side * side


def _depthwise(name: str, width: int, kernel: int, side: int) -> _Layer:
    weights = width * kernel * kernel
    return name, weights * side * side, weights + 2 * width, width * side * side
