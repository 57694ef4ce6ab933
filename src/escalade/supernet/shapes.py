"""The parameters of a network, by timm's names.

One table serves three ends: the supernet holds the parameters of its largest blocks, a path uses
the leading part of each, and an extracted network gets copies of those parts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from escalade.core.network import parts
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, Stem
from escalade.core.network.layers import Conv, Linear
from escalade.core.network.parts import Part


class Weight(NamedTuple):
    """The shape of a parameter, and how many groups its convolution has."""

    shape: tuple[int, ...]
    groups: int = 1


Weights = dict[str, Weight]


def of_network(architecture: Architecture) -> Weights:
    """The parameters of a network, in the order of its state dict."""
    return of_parts(parts.parts_of(architecture))


def of_stem(stem: Stem, *, in_channels: int) -> Weights:
    return of_parts([("", parts.stem(stem, in_channels=in_channels, side=1))])


def of_block(block: Block, in_width: int) -> Weights:
    """The parameters of one block, by their names within it."""
    return of_parts([("", parts.block(block, in_width=in_width, side=1))])


def of_head(head: Head, *, in_width: int, num_classes: int, num_stages: int) -> Weights:
    """The parameters of the head and the classifier, after so many stages."""
    return of_parts(
        parts.head(head, in_width=in_width, num_classes=num_classes, side=1, num_stages=num_stages)
    )


def of_layer(layer: object) -> Weights:
    found = _OF.get(type(layer))
    return {} if found is None else found(layer)


def of_parts(some: Iterable[tuple[str, Part]]) -> Weights:
    """The parameters of parts, each with what stands before its names."""
    return {
        prefix + name: weight
        for prefix, part in some
        for layer, _ in part.counted
        for name, weight in of_layer(layer).items()
    }


def _conv(conv: Conv) -> Weights:
    shape = (conv.width, conv.reads, conv.kernel, conv.kernel)
    found = {f"{conv.name}.weight": Weight(shape, conv.in_width // conv.reads)}
    if conv.bias:
        found[f"{conv.name}.bias"] = Weight((conv.width,))
    if conv.norm is not None:
        for kind in ("weight", "bias"):
            found[f"{conv.norm}.{kind}"] = Weight((conv.width,))
    return found


def _linear(linear: Linear) -> Weights:
    shape = (linear.width, linear.in_width)
    return {
        f"{linear.name}.weight": Weight(shape),
        f"{linear.name}.bias": Weight((linear.width,)),
    }


_OF: dict[type, Callable[[Any], Weights]] = {Conv: _conv, Linear: _linear}
