"""How blocks and stages of a network may be made smaller, whatever their kinds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from escalade.core.network import fittings, kinds
from escalade.core.network.block import Block, Stage
from escalade.core.numbers.rounding import round_to, to_nearest
from escalade.core.space.path import IntArray
from escalade.core.space.space_checks import check_odd, check_rising
from escalade.core.space.space_numbers import Numbers, Span, WholeNumbers
from escalade.core.values.invalid import Invalid

WHOLE, KERNELS = Numbers((1.0,)), WholeNumbers((3,))
HIDDEN_STEP = 8  # of hidden widths that no group width divides


def narrowed(
    block: Block, *, whole_in_width: int, in_width: int, width: int, kernel: int, expansion: float
) -> Block:
    """A block in other sizes.

    Where the whole network's block has no shortcut, it has none, though its shape may stay. A
    hidden width that is a share of the output's is rounded to whole groups.

    Args:
        block: of the whole network.
        whole_in_width: its input width there.
        in_width, width, kernel, expansion: of the result.
    """
    made = replace(block, width=width, kernel=kernel, expansion=expansion)
    kind = kinds.of(block)
    lost = kinds.layers(block, whole_in_width).shortcut is None
    if lost and "skip" in kind.has and fittings.keeps_shape(made, in_width):
        made = replace(made, skip=False)
    if not kind.is_residual or (width, expansion) == (block.width, block.expansion):
        return made
    step = block.group_width or HIDDEN_STEP
    hidden = min(round_to(width * expansion, step), to_nearest(block.width * block.expansion))
    return replace(made, expansion=hidden / width)


@dataclass(frozen=True, kw_only=True)
class Position:
    """A block of the whole network, and the sizes that it may have.

    Attributes:
        block, in_width: of the whole network.
        before, widths: its input and output widths.
        kernels, expansions: its other choices.
        follows: its input width is its output width: it is not a stage's first block.
    """

    block: Block
    in_width: int
    before: tuple[int, ...]
    widths: tuple[int, ...]
    kernels: tuple[int, ...]
    expansions: tuple[float, ...]
    follows: bool

    def at(self, before: int, width: int, kernel: int, expansion: int) -> Block:
        """The block of these choices, given by their indices."""
        return narrowed(
            self.block,
            whole_in_width=self.in_width,
            in_width=self.before[before],
            width=self.widths[width],
            kernel=self.kernels[kernel],
            expansion=self.expansions[expansion],
        )

    @cached_property
    def same(self) -> IntArray:
        """By width and expansion the largest expansion that makes the same block of it."""
        found = np.empty((len(self.widths), len(self.expansions)), dtype=np.int64)
        for width in range(len(self.widths)):
            made = [self.at(0, width, 0, each).expansion for each in range(len(self.expansions))]
            last = {expansion: i for i, expansion in enumerate(made)}
            found[width] = [last[expansion] for expansion in made]
        return found

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """How many choices there are of each."""
        return (
            len(self.before),
            len(self.widths),
            len(self.kernels),
            len(self.expansions),
        )

    @property
    def choices(self) -> Iterator[tuple[int, int, int, int]]:
        """The indices of every combination that can be."""
        befores, widths, kernels, expansions = map(range, self.shape)
        for width in widths:
            for before in (width,) if self.follows else befores:
                for kernel in kernels:
                    for expansion in expansions:
                        yield before, width, kernel, expansion


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
        problem = f"the stage does not have its final width after {choices.depth.least} blocks"
        raise Invalid(problem, path=("depth",), remedy="keep more of them")
    if choices.hidden[-1] != 1:
        raise Invalid(f"ends with {choices.hidden[-1]:g}, not with 1", path=("hidden",))
    check_odd(choices.kernels, "kernels")
    if ties(stage, in_width) and (len(before) > 1 or len(choices.widths) > 1):
        problem = "its first block adds its input, which no other width fits"
        remedy = "give it and what is before it their whole width only"
        raise Invalid(problem, path=("widths",), remedy=remedy)
