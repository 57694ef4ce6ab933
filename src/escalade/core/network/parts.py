"""A network part by part, in the order they run: the stem, the blocks, the head.

The names are those of timm's EfficientNet, of its MobileNetV3 where the head has a hidden layer,
and of its ByobNet for residual kinds. Sizes may be arrays, but in `parts_of`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from escalade.core.network import kinds, memory
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, Stem
from escalade.core.network.branches import Layers
from escalade.core.network.layers import Conv, Counted, GlobalPool, Linear, Pool, Size


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """What runs as one.

    Attributes:
        kind: of a block, or `stem`, `stem_pool`, `final` (the convolution before pooling) or
            `classifier` (pooling and all after it).
        in_width, side: of its input.
    """

    kind: str
    layers: Layers
    in_width: Size
    side: Size

    @cached_property
    def after(self) -> Size:
        return self.layers.after(self.side)

    @cached_property
    def counted(self) -> tuple[tuple[Counted, Size], ...]:
        """Its layers that count, with the sides of their outputs, in the built network's order."""
        return tuple(self.layers.counted(self.side))

    @cached_property
    def macs(self) -> Size:
        return sum(layer.macs(side) for layer, side in self.counted)

    @cached_property
    def params(self) -> Size:
        return sum(layer.params(side) for layer, side in self.counted)

    @cached_property
    def activations(self) -> Size:
        return sum(layer.activations(side) for layer, side in self.counted)

    @cached_property
    def peak(self) -> Size:
        """The most numbers alive at once while it runs."""
        return memory.peak(self.layers, in_width=self.in_width, side=self.side)


def parts_of(architecture: Architecture) -> Iterator[tuple[str, Part]]:
    """The parts of a network, each with what stands before its names in the built network."""
    residual = kinds.of(architecture.stages[0].blocks[0]).is_residual
    stages, width = "stages" if residual else "blocks", architecture.stem.width
    part = stem(
        architecture.stem,
        in_channels=architecture.in_channels,
        side=architecture.resolution,
        residual=residual,
    )
    yield "", part
    for i, stage in enumerate(architecture.stages):
        for k, each in enumerate(stage.blocks):
            part = _known_block(each, in_width=width, side=part.after)
            yield f"{stages}.{i}.{k}.", part
            width = each.width
    yield from head(
        architecture.head,
        in_width=width,
        num_classes=architecture.num_classes,
        side=part.after,
        residual=residual,
        num_stages=len(architecture.stages),
    )


def stem(stem: Stem, *, in_channels: int, side: Size, residual: bool = False) -> Part:
    """The first convolution, and the pooling after it."""
    name, norm = ("stem.conv", "stem.bn") if residual else ("conv_stem", "bn1")
    if stem.max_pool:
        name, norm = "stem.conv1.conv", "stem.conv1.bn"
    conv = Conv(
        name,
        in_width=in_channels,
        width=stem.width,
        kernel=stem.kernel,
        stride=stem.stride,
        norm=norm,
        activation=stem.activation,
    )
    pool = Pool("stem.pool", width=stem.width, stride=2, kernel=3, counts=True)
    return Part(
        kind="stem_pool" if stem.max_pool else "stem",
        layers=Layers(branch=(conv, pool) if stem.max_pool else (conv,)),
        in_width=in_channels,
        side=side,
    )


def block(block: Block, *, in_width: Size, side: Size) -> Part:
    """A block; of arrays all rows must agree on whether the width changes."""
    layers = kinds.layers(block, in_width)
    return Part(kind=block.kind, layers=layers, in_width=in_width, side=side)


_known_block = lru_cache(maxsize=4096)(block)  # networks, and those like them, repeat blocks


def head(
    head: Head,
    *,
    in_width: Size,
    num_classes: int,
    side: Size,
    residual: bool = False,
    num_stages: int = 0,
) -> Iterator[tuple[str, Part]]:
    """The last convolution; pooling, a hidden layer and the classifier. Prefixes are of names."""
    if head.width is not None:
        prefix, name, norm = "", "conv_head", "bn2"
        if residual:
            prefix, name, norm = "final_conv.", "conv", "bn"
        elif head.hidden is not None:  # a block of its own
            prefix, name, norm = f"blocks.{num_stages}.0.", "conv", "bn1"
        conv = Conv(
            name, in_width=in_width, width=head.width, norm=norm, activation=head.activation
        )
        layers = Layers(branch=(conv,))
        yield prefix, Part(kind="final", layers=layers, in_width=in_width, side=side)
        in_width = head.width
    width = in_width if head.hidden is None else head.hidden
    inner = Conv(
        "conv_head",
        in_width=in_width,
        width=width,
        norm="norm_head" if head.hidden_norm else None,
        bias=not head.hidden_norm,
        activation=head.activation,
    )
    branch = (
        GlobalPool(),
        *(() if head.hidden is None else (inner,)),
        Linear("head.fc" if residual else "classifier", in_width=width, width=num_classes),
    )
    yield "", Part(kind="classifier", layers=Layers(branch=branch), in_width=in_width, side=side)
