"""Macs, parameters and activations of one architecture, layer by layer (docs/method.md).

macs: multiply-adds of convolutions and linear layers. params: every trainable element, batch-norm
affine and biases included. activations: elements of the outputs of every convolution
(squeeze-excitations at 1x1 and projection shortcuts included), of linear layers, and of the stem's
max pool, as the published figures of ResNet and ResNeXt count it; other poolings count nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from escalade.core.network.architecture import Architecture, Block, Stage
from escalade.core.network.legality import RESIDUAL_KINDS, SIMPLE_KINDS
from escalade.core.numbers.rounding import conv_side


@dataclass(frozen=True, slots=True)
class Cost:
    """Exact integer costs of a network for one image."""

    macs: int
    params: int
    activations: int


@dataclass(frozen=True, slots=True)
class StageCost:
    """Cost of the stem, a stage (`stages.0` is the first) or the head.

    `depth` counts blocks, 0 in the stem and the head; `width` and `resolution` (in pixels) are
    those of the output.
    """

    name: str
    depth: int
    width: int
    resolution: int
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


def stages(architecture: Architecture) -> list[StageCost]:
    """Cost of the stem, each stage and the head; they add up to the cost of the network."""
    made = []
    for name, depth, width, side, section in _sections(architecture):
        rows = [layer[1:] for layer in section] or [(0, 0, 0)]
        macs, params, activations = (sum(column) for column in zip(*rows, strict=True))
        made.append(StageCost(name, depth, width, side, macs, params, activations))
    return made


_Layer = tuple[str, int, int, int]
_Section = tuple[str, int, int, int, Iterator[_Layer]]


def _walk(arch: Architecture) -> Iterator[_Layer]:
    for section in _sections(arch):
        yield from section[-1]


def _sections(arch: Architecture) -> Iterator[_Section]:
    """Name, depth, output width, output side and layers of the stem, each stage, the head."""
    residual = arch.stages[0].blocks[0].kind in RESIDUAL_KINDS
    width, side = arch.stem.width, conv_side(arch.resolution, arch.stem.stride)
    out = conv_side(side, 2) if arch.stem.max_pool else side
    yield "stem", 0, width, out, _stem(arch, side, residual=residual)
    for i, stage in enumerate(arch.stages):
        section = _stage(i, stage, width, out, residual=residual)
        width = stage.blocks[-1].width
        for block in stage.blocks:
            out = conv_side(out, block.stride)
        yield f"stages.{i}", len(stage.blocks), width, out, section
    yield "head", 0, arch.num_classes, 1, _head(arch, width, out, residual=residual)


def _stem(arch: Architecture, side: int, *, residual: bool) -> Iterator[_Layer]:
    stem = arch.stem
    name = "conv_stem"
    if residual:
        name = "stem.conv1.conv" if stem.max_pool else "stem.conv"
    yield _conv(name, arch.in_channels, stem.width, stem.kernel, side)
    if stem.max_pool:
        yield "stem.pool", 0, 0, stem.width * conv_side(side, 2) ** 2


def _stage(index: int, stage: Stage, width: int, side: int, *, residual: bool) -> Iterator[_Layer]:
    layers_of = _residual_block if residual else _mobile_block
    prefix = "stages" if residual else "blocks"
    for k, block in enumerate(stage.blocks):
        yield from layers_of(f"{prefix}.{index}.{k}", block, width, side)
        side = conv_side(side, block.stride)
        width = block.width


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
    if block.kind in SIMPLE_KINDS:
        yield from _simple_block(name, block, in_width, side)
        return
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
    if block.has_projection(in_width):
        yield _conv(f"{name}.shortcut.conv", in_width, block.width, 1, out)


def _simple_block(name: str, block: Block, in_width: int, side: int) -> Iterator[_Layer]:
    """Max pooling where there is a stride; a convolution without batch norm in `linear`."""
    out = conv_side(side, block.stride)
    if block.stride > 1:
        yield f"{name}.pool", 0, 0, 0
    if block.kind == "linear":
        weights = in_width * block.width
        yield f"{name}.conv", weights * out * out, weights, block.width * out * out


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
