"""Layers: what blocks, stems and heads are made of, by the names that timm gives them.

Sizes are numbers, or arrays of one for each of many networks; names, kernels, strides and
activations are always single values. Costs, parameters, the forward pass and latencies fold over
layers, so none of them knows a kind of block.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass
from typing import Any, Protocol

from escalade.core.numbers.rounding import conv_side

Size = Any
"""A whole number, or an array of them."""


class Layer:
    """What all layers can say."""

    __slots__ = ()

    def after(self, side: Size) -> Size:
        return side

    def channels(self, width: Size) -> Size:
        """The channels of the output, of an input with so many."""
        return width

    def alive(self, width: Size, side: Size) -> Size:
        """Numbers alive while it runs: its input, its output, and what it makes in between."""
        after = self.after(side)
        return width * (side * side) + self.channels(width) * (after * after)

    def counted(self, side: Size) -> Iterator[tuple[Counted, Size]]:
        """The layers with costs in this one, and the sides of their outputs."""
        return iter(())


class Counted(Protocol):
    """A layer with costs; `side` is that of its output."""

    @property
    def name(self) -> str: ...

    def macs(self, side: Size) -> Size: ...

    def params(self, side: Size) -> Size: ...

    def activations(self, side: Size) -> Size: ...


@dataclass(frozen=True, slots=True)
class Conv(Layer):
    """A convolution, its batch norm, and the activation after it.

    Every output reads all inputs, those of its group (`group_width`), or one (`depthwise`).
    `norm` is the name of the batch norm; without one there may be a `bias`.
    """

    name: str
    _: KW_ONLY
    in_width: Size
    width: Size
    kernel: int = 1
    stride: int = 1
    group_width: Size | None = None
    depthwise: bool = False
    norm: str | None = None
    bias: bool = False
    activation: str = "none"

    @property
    def reads_all(self) -> bool:
        """Whether every output reads all inputs."""
        return not self.depthwise and self.group_width is None

    @property
    def reads(self) -> Size:
        """Inputs of each output."""
        if self.depthwise:
            return 1
        return self.in_width if self.group_width is None else self.group_width

    @property
    def weights(self) -> Size:
        return self.reads * self.width * self.kernel**2

    def after(self, side: Size) -> Size:
        return conv_side(side, self.stride)

    def channels(self, width: Size) -> Size:
        return self.width

    def counted(self, side: Size) -> Iterator[tuple[Counted, Size]]:
        yield self, self.after(side)

    def macs(self, side: Size) -> Size:
        return self.weights * (side * side)

    def params(self, side: Size) -> Size:
        return self.weights + (2 * (self.norm is not None) + self.bias) * self.width

    def activations(self, side: Size) -> Size:
        return self.width * (side * side)


@dataclass(frozen=True, slots=True, kw_only=True)
class Excitation(Layer):
    """Squeeze-excitation: every channel times what two 1x1 convolutions make of all their means.

    The activation of `expand` is the gate; the product takes the input's place.
    """

    reduce: Conv
    expand: Conv

    def alive(self, width: Size, side: Size) -> Size:
        return width * (side * side) + width + self.reduce.width

    def counted(self, side: Size) -> Iterator[tuple[Counted, Size]]:
        yield self.reduce, 1
        yield self.expand, 1


@dataclass(frozen=True, slots=True)
class Pool(Layer):
    """Max or average pooling; without a name it is not listed among the layers.

    A kernel above the stride pads, as a convolution does; of a smaller one an odd last row and
    column stand alone. `counts` says whether its outputs are activations: they are in published
    figures of ResNets, and of no other pooling.
    """

    name: str
    _: KW_ONLY
    width: Size
    stride: int
    kernel: int = 2
    is_average: bool = False
    counts: bool = False

    def after(self, side: Size) -> Size:
        return conv_side(side, self.stride)

    def counted(self, side: Size) -> Iterator[tuple[Counted, Size]]:
        if self.name:
            yield self, self.after(side)

    def macs(self, side: Size) -> Size:
        return 0

    def params(self, side: Size) -> Size:
        return 0

    def activations(self, side: Size) -> Size:
        return self.width * (side * side) * self.counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Pad(Layer):
    """Channels of zeros after those of the input."""

    in_width: Size
    width: Size

    def channels(self, width: Size) -> Size:
        return self.width


@dataclass(frozen=True, slots=True)
class GlobalPool(Layer):
    """The mean of every channel: one pixel is left."""

    def after(self, side: Size) -> Size:
        return 1


@dataclass(frozen=True, slots=True)
class Linear(Layer):
    """The classifier, with dropout before it."""

    name: str
    _: KW_ONLY
    in_width: Size
    width: Size

    def channels(self, width: Size) -> Size:
        return self.width

    def counted(self, side: Size) -> Iterator[tuple[Counted, Size]]:
        yield self, side

    def macs(self, side: Size) -> Size:
        return self.in_width * self.width

    def params(self, side: Size) -> Size:
        return self.in_width * self.width + self.width

    def activations(self, side: Size) -> Size:
        return self.width
