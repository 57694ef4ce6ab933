"""How a stage of a network may be made smaller."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from escalade.core.network import kinds
from escalade.core.network.block import Block, Stage
from escalade.core.space.space_checks import check_odd, check_rising
from escalade.core.space.space_numbers import Numbers, Span, WholeNumbers
from escalade.core.values.invalid import Invalid

WHOLE, KERNELS = Numbers((1.0,)), WholeNumbers((3,))


@dataclass(frozen=True, slots=True, kw_only=True)
class AroundStage:
    """How a stage may be smaller.

    Attributes:
        depth: blocks; the most is the whole network's.
        widths: of its last block; the last choice is the whole network's. Its other blocks have
            equal shares of theirs.
        hidden: shares of each block's expansion; the last is 1.
        kernels: to which larger ones may be cropped; every block also has its own.
    """

    depth: Span
    widths: WholeNumbers
    hidden: Numbers = WHOLE
    kernels: WholeNumbers = KERNELS

    def kernels_of(self, block: Block) -> tuple[int, ...]:
        """What the kernel of a block of the whole network may be."""
        return (*(kernel for kernel in self.kernels if kernel < block.kernel), block.kernel)

    def expansions_of(self, block: Block) -> tuple[float, ...]:
        """What the expansion of a block of the whole network may be."""
        shares = self.hidden if kinds.of(block).expands else (1.0,)
        return tuple(share * block.expansion for share in shares)


def check_end(widths: Sequence[int | None], most: int | None, name: str) -> None:
    """The last choice is the whole network's."""
    if widths[-1] != most:
        raise Invalid(f"ends with {widths[-1]}, but the network has {most}", path=(name,))


def ties(stage: Stage, in_width: int) -> bool:
    """Whether a stage's first block adds its input without a projection, for equal widths only."""
    layers = kinds.layers(stage.blocks[0], in_width)
    return layers.adds and not layers.projects


def check_stage(
    choices: AroundStage, stage: Stage, *, in_width: int, before: Sequence[int]
) -> None:
    """Raise an `Invalid` for choices that do not end with the stage."""
    check_rising(choices, "widths", "hidden", "kernels")
    check_end(choices.widths, stage.blocks[-1].width, "widths")
    if choices.depth.most != len(stage.blocks):
        problem = f"ends with {choices.depth.most}, but the network has {len(stage.blocks)}"
        raise Invalid(problem, path=("depth",))
    if {block.width for block in stage.blocks[choices.depth.least - 1 :]} != {choices.widths[-1]}:
        problem = f"after {choices.depth.least} of its blocks it has not its width yet"
        raise Invalid(problem, path=("depth",), remedy="keep more of them")
    if choices.hidden[-1] != 1:
        raise Invalid(f"ends with {choices.hidden[-1]:g}, not with 1", path=("hidden",))
    check_odd(choices.kernels, "kernels")
    if ties(stage, in_width) and (len(before) > 1 or len(choices.widths) > 1):
        problem = "its first block adds its input, which no other width fits"
        remedy = "give it and what is before it their whole width only"
        raise Invalid(problem, path=("widths",), remedy=remedy)
