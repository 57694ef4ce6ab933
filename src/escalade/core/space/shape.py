"""What a supernet must hold: the largest size of every elastic dimension of a space."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from escalade.core.network import kinds
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import USUAL_KIND, Block, Head, SqueezeExcite, Stem


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerShape:
    """One layer: each of its blocks has weights of its own.

    Attributes:
        in_width: of what it reads.
        width, stride: of each block.
        blocks: the choices in order, each as it runs in the supernet.
    """

    in_width: int
    width: int
    stride: int
    blocks: tuple[Block, ...]

    def choice_of(self, block: Block) -> int:
        """Which choice a block of a running network is.

        Where every identity folds, a block may lack its shortcut, and an identity may run as it
        is (`core.space.choice_network`).

        Raises:
            ValueError: if it is none of them.
        """
        for choice, held in enumerate(self.blocks):
            if _plain(block, held) == held:
                return choice
        raise ValueError(
            f"no choice of this layer is {block.kind} of width {block.width} with kernel "
            f"{block.kernel}, expansion {block.expansion:g}, activation {block.activation}"
        )


def _plain(block: Block, held: Block) -> Block:
    """The block as the layer holds it, if it is that choice."""
    if not kinds.of(held).left_out:
        return replace(block, skip=held.skip)
    is_bare = block == Block.identity(held.width, stride=held.stride)
    return held if is_bare else block


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceShape:
    """The supernet of a choice space (SCARLET, Table 1).

    Attributes:
        first: the fixed block after it, a stage of its own, the first of a network.
        stages: the searched layers of each following stage.
        head: fixed.
    """

    in_channels: int
    num_classes: int
    stem: Stem
    first: Block
    stages: tuple[tuple[LayerShape, ...], ...]
    head: Head

    @property
    def layers(self) -> Iterator[tuple[int, int, LayerShape]]:
        """Stage and position in a network, and the layer; stage 0 is the first block alone."""
        for i, stage in enumerate(self.stages, start=1):
            for k, layer in enumerate(stage):
                yield i, k, layer

    def choices_of(self, running: Architecture) -> list[int]:
        """Which choice every layer of a running network is: its genome.

        Raises:
            ValueError: naming the field of the network that no choice has.
        """
        depths = (1, *(len(stage) for stage in self.stages))
        if running.depths != depths:
            raise ValueError(
                f"stages: their layers are {', '.join(map(str, depths))} where every identity has "
                f"its place, not {', '.join(map(str, running.depths))}; give a path's running "
                "network"
            )
        found = []
        for i, k, layer in self.layers:
            try:
                found.append(layer.choice_of(running.stages[i].blocks[k]))
            except ValueError as error:
                raise ValueError(f"stages[{i}].blocks[{k}]: {error}") from None
        return found


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
    kind: str = USUAL_KIND
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
