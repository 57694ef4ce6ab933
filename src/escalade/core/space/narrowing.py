"""A block of a network made smaller, whatever its kind."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from escalade.core.network import fittings, kinds
from escalade.core.network.block import Block
from escalade.core.numbers.rounding import round_to, to_nearest
from escalade.core.space.path import IntArray

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
