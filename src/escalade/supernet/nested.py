"""The supernet around a network: every size of it may be smaller."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Stage
from escalade.core.space.shape import NetworkShape
from escalade.supernet import shapes
from escalade.supernet.shared_weights import SharedWeights

# What all paths have from the largest network, because other weights would not do the same.
OF_NETWORK = ("in_channels", "num_classes", "conventions")
OF_STEM = ("kernel", "stride", "activation", "max_pool")
OF_HEAD = ("activation", "hidden_norm")
OF_BLOCK = ("kind", "stride", "activation", "transition")


class NestedSupernet(SharedWeights):
    """The weights of one network of any kinds of blocks, which its paths use parts of.

    A path uses the leading channels of every layer, the leading blocks of every stage and the
    centre of every kernel; of a grouped convolution the leading channels, and of each the leading
    inputs of its group. It may leave out a squeeze-excitation, or an optional convolution of a
    block. The parameters have the names of the built network, so that those of a trained one can
    be loaded as they are.

    Args:
        shape: the largest path.
    """

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__(shapes.of_network(shape.largest))
        self.shape = shape

    def _keys(self, architecture: Architecture) -> Callable[[str], str]:
        _check(self.shape.largest, architecture)
        return lambda name: name


def _check(largest: Architecture, architecture: Architecture) -> None:
    """Raise unless a path is the largest network in other sizes; `view` checks the sizes."""
    for where, held, asked, fields in _compared(largest, architecture):
        for field in fields:
            if getattr(held, field) != getattr(asked, field):
                has, wanted = getattr(held, field), getattr(asked, field)
                raise ValueError(f"{where}{field}: the supernet has {has}, the path {wanted}")


def _compared(
    largest: Architecture, architecture: Architecture
) -> Iterator[tuple[str, Any, Any, tuple[str, ...]]]:
    yield "", largest, architecture, OF_NETWORK
    yield "stem.", largest.stem, architecture.stem, OF_STEM
    yield "head.", largest.head, architecture.head, OF_HEAD
    if len(largest.stages) != len(architecture.stages):
        raise ValueError(f"stages: the supernet has {len(largest.stages)}")
    for i, (held, asked) in enumerate(zip(largest.stages, architecture.stages, strict=True)):
        for k, (one, other) in enumerate(_blocks(held, asked, i)):
            yield f"stages[{i}].blocks[{k}].", one, other, OF_BLOCK


def _blocks(held: Stage, asked: Stage, index: int) -> Iterator[tuple[Block, Block]]:
    if len(asked.blocks) > len(held.blocks):
        most = len(held.blocks)
        raise ValueError(f"stages[{index}]: the supernet has at most {most} blocks here")
    return zip(held.blocks, asked.blocks, strict=False)
