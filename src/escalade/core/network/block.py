"""What an architecture is made of, as values: the stem, stages of blocks, the head.

What a kind of block is made of stands in `core.network.kinds`, what fields may hold in
`core.network.legality`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self

from escalade.core.values.codec import ABSENT

# The kind of a block that names none, and those that builders ask for by name.
USUAL_KIND, BOTTLENECK, REGNET_Z = "mbconv", "bottleneck", "regnet_z"
# Paddings of convolutions.
SYMMETRIC, SAME = "symmetric", "same"
# Fields that say nothing in some kinds, and the values they have there.
IDLE: dict[str, Any] = {
    "kernel": 1,
    "start_kernel": 0,
    "expansion": 1.0,
    "se": None,
    "group_width": None,
    "transition": False,
    "skip": True,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SqueezeExcite:
    """Squeeze-excitation; its inner width is `ratio` times the block's input or hidden width.

    With a `divisor` above 1 the inner width is rounded to a multiple of it (MobileNetV3).
    """

    ratio: float = 0.25
    of: str = "hidden"
    activation: str = "relu"
    gate: str = "hard_sigmoid"
    divisor: int = field(default=1, metadata=ABSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stem:
    """The first convolution, and the 3x3 max pool of stride 2 after it in a ResNet."""

    width: int
    kernel: int = 3
    stride: int = 2
    activation: str = "hard_swish"
    max_pool: bool = field(default=False, metadata=ABSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One layer choice; `width` is the output width.

    `expansion` times the input width is hidden in `mbconv`, times the *output* width in
    `bottleneck` and `regnet_z`. `group_width` is the width of a group of the middle convolution of
    these two; None is one group.

    In `uib` a `kernel` of 0 is no depthwise convolution in the middle, and a `start_kernel` above 0
    is one before the expansion.

    `transition` gives a block a shortcut also where its shape changes (BigNAS, section 3.1): 2x2
    average pooling where the stride is 2, then a 1x1 convolution with batch norm where the width
    changes. Where the shape stays it says nothing. `skip` False takes a block its shortcut also
    where the shape stays.

    Fields that say nothing in a kind have the values of `IDLE`; `linear` and `identity`, which
    stand for a layer left out (SCARLET, Figure 2), are made by the methods of these names.
    """

    kind: str = USUAL_KIND
    kernel: int = 3
    stride: int = 1
    expansion: float = 6.0
    width: int
    se: SqueezeExcite | None = None
    group_width: int | None = None
    activation: str = "hard_swish"
    transition: bool = field(default=False, metadata=ABSENT)
    skip: bool = field(default=True, metadata=ABSENT)
    start_kernel: int = field(default=0, metadata=ABSENT)

    @classmethod
    def separable(cls, width: int, *, kernel: int, stride: int, activation: str) -> Self:
        """A depthwise and a 1x1 convolution: what a mobile network begins with."""
        return cls(
            kind="dsconv",
            kernel=kernel,
            stride=stride,
            expansion=1.0,
            width=width,
            activation=activation,
        )

    @classmethod
    def linear(cls, width: int, *, stride: int = 1, activation: str = "none") -> Self:
        """A 1x1 convolution alone: SCARLET's linearly equivalent transformation."""
        return cls(
            kind="linear",
            kernel=1,
            stride=stride,
            expansion=1.0,
            width=width,
            activation=activation,
        )

    @classmethod
    def identity(cls, width: int, *, stride: int = 1) -> Self:
        """Nothing, or max pooling where the stride is 2; zero channels where it is wider."""
        return cls(
            kind="identity", kernel=1, stride=stride, expansion=1.0, width=width, activation="none"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Consecutive blocks."""

    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The 1x1 convolution before global pooling, and the classifier.

    Without a `width` there is no such convolution (ResNet, RegNetX and Y). `hidden` is the width
    of a linear layer with activation between pooling and classifier (MobileNetV3); `hidden_norm`
    gives it a batch norm instead of a bias (MobileNetV4).
    """

    width: int | None
    activation: str = "hard_swish"
    hidden: int | None = field(default=None, metadata=ABSENT)
    hidden_norm: bool = field(default=False, metadata=ABSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conventions:
    """What frameworks disagree on; as given here it is torch's.

    Attributes:
        padding: of convolutions: `symmetric`, or TensorFlow's `same`, which has no more than the
            outputs need: with a stride, of an odd number of pixels one more after than before.
    """

    padding: str = SYMMETRIC
    epsilon: float = 1e-5
    momentum: float = 0.1

    @property
    def pads_same(self) -> bool:
        """Whether padding is TensorFlow's."""
        return self.padding == SAME


@dataclass(frozen=True, slots=True)
class Rounding:
    """Steps to which scaling rounds widths and resolutions: 8 and 4 at ImageNet's scale."""

    width: int = 8
    resolution: int = 4
