"""What a supernet must hold: the largest size of every elastic dimension of a space."""

from __future__ import annotations

from dataclasses import dataclass

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import MBCONV, Block, Head, SqueezeExcite, Stem
from escalade.core.space.choice_shape import ChoiceShape


@dataclass(frozen=True, slots=True, kw_only=True)
class StageShape:
    """The largest stage: `depth`, `width` and `in_width` are maxima, the rest lists the choices.

    `transition`: its blocks have shortcuts also where their shape changes, and the supernet holds
    a projection for each of them. `layer_widths`: blocks of one path may differ in width here.
    """

    depth: int
    width: int
    in_width: int
    expansions: tuple[float, ...]
    kernels: tuple[int, ...]
    stride: int
    kind: str = MBCONV
    se: SqueezeExcite | None = None
    activation: str = "hard_swish"
    transition: bool = False
    layer_widths: bool = False

    def largest_in_width(self, position: int) -> int:
        """Largest input width of the block at `position`."""
        return self.in_width if position == 0 else self.width

    def largest_block(self, position: int) -> Block:
        """The block at `position` with the largest of every choice."""
        return Block(
            kind=self.kind,
            kernel=max(self.kernels),
            stride=self.stride if position == 0 else 1,
            expansion=max(self.expansions),
            width=self.width,
            se=self.se,
            activation=self.activation,
            transition=self.transition,
        )

    def always_adds(self, position: int) -> bool:
        """Whether the block at `position` has a shortcut in every path."""
        return self.transition or (position > 0 and not self.layer_widths)


@dataclass(frozen=True, slots=True, kw_only=True)
class SupernetShape:
    """The supernet of a space.

    With `shared_kernels` a layer has one set of weights, its depthwise kernel the largest and
    cropped at the centre; without, each kernel choice has a set of its own, as in the ScaleNet
    paper.
    """

    in_channels: int
    num_classes: int
    stem: Stem
    head: Head
    stages: tuple[StageShape, ...]
    shared_kernels: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkShape:
    """A supernet that holds a network of any kinds of blocks, and all that are smaller in sizes.

    Attributes:
        largest: what it holds, with what no path changes: kinds, strides, activations.
    """

    largest: Architecture


AnyShape = SupernetShape | ChoiceShape | NetworkShape
