"""The parts of a network that take time one after the other: stem, blocks, head."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from escalade.core.network.architecture import Architecture, Block
from escalade.core.numbers.rounding import conv_side

# The parts besides the kinds of blocks. `final` is the convolution before pooling; `classifier`
# is pooling and all after it.
ENDS = ("stem", "stem_pool", "final", "classifier")


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Group:
    """Parts that run the same operations, at whatever sizes.

    `same_shape` says that a block adds its input to its output: a shortcut without a projection.
    `transition` says that a depthwise block has a shortcut although its shape changes.
    """

    kind: str
    activation: str = ""
    kernel: int = 1
    stride: int = 1
    has_se: bool = False
    same_shape: bool = False
    transition: bool = False


@dataclass(frozen=True, slots=True, order=True, kw_only=True)
class Sizes:
    """Sizes of one part, or of many as arrays; 0 is none.

    `side` is of the input. `se_width` is the squeeze-excitation's inner width, `group_width` that
    of a group of the middle convolution (1 in depthwise blocks).
    """

    in_width: Any
    hidden: Any
    width: Any
    side: Any
    se_width: Any = 0
    group_width: Any = 1

    def __getitem__(self, rows: npt.NDArray[np.bool_]) -> Sizes:
        """Some of many."""
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        chosen = {k: v[rows] for k, v in values.items() if isinstance(v, np.ndarray)}
        return Sizes(**values | chosen)


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One part: all that decides how long it takes on a given device."""

    group: Group
    sizes: Sizes


def parts_of(architecture: Architecture) -> Iterator[Part]:
    """The parts of a network in the order they run; `nets.layers` has the modules."""
    stem, side = architecture.stem, architecture.resolution
    yield Part(
        Group(
            kind="stem_pool" if stem.max_pool else "stem",
            activation=stem.activation,
            kernel=stem.kernel,
            stride=stem.stride,
        ),
        Sizes(in_width=architecture.in_channels, hidden=0, width=stem.width, side=side),
    )
    side = conv_side(side, stem.stride)
    side = conv_side(side, 2) if stem.max_pool else side
    width = stem.width
    for stage in architecture.stages:
        for block in stage.blocks:
            yield _block(block, width, side)
            side, width = conv_side(side, block.stride), block.width
    head = architecture.head
    if head.width is not None:
        yield Part(
            Group(kind="final", activation=head.activation),
            Sizes(in_width=width, hidden=0, width=head.width, side=side),
        )
        width = head.width
    yield Part(
        Group(kind="classifier", activation=head.activation if head.hidden else ""),
        Sizes(in_width=width, hidden=head.hidden or 0, width=architecture.num_classes, side=side),
    )


def _block(block: Block, in_width: int, side: int) -> Part:
    hidden = block.hidden(in_width)
    depthwise = block.kind in ("mbconv", "dsconv")
    return Part(
        Group(
            kind=block.kind,
            activation=block.activation,
            kernel=block.kernel,
            stride=block.stride,
            has_se=block.se is not None,
            same_shape=block.keeps_shape(in_width) and block.has_shortcut(in_width),
            transition=block.transition and not block.keeps_shape(in_width),
        ),
        Sizes(
            in_width=in_width,
            hidden=hidden,
            width=block.width,
            side=side,
            se_width=block.se_width(in_width),
            group_width=1 if depthwise else block.group_width or hidden,
        ),
    )
