"""Prices of all blocks that the paths of a staged space may have, as tables.

What a block costs depends on its own choices, on the width before it, and on what holds for a
whole network, its setting: the resolution and the ratios. These are some thousand combinations a
space; each is priced once, and populations are costed by look-up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from escalade.core.network import parts
from escalade.core.network.block import Block, Head, Stem
from escalade.core.network.cost import Price
from escalade.core.network.many import block_prices
from escalade.core.numbers.rounding import conv_side
from escalade.core.space.choices import StageChoices
from escalade.core.space.population import IntArray


@dataclass(frozen=True, slots=True)
class StagePrices:
    """Prices of a stage's blocks by (setting, width before, choice), all indices.

    A choice is `(width * kernels + kernel) * expansions + expansion`; the last one of `later` is a
    block that does not run, which costs nothing.
    """

    first: IntArray
    later: IntArray


@dataclass(frozen=True, slots=True)
class PriceTables:
    """Prices in one kind of cost, whole numbers: macs, params, activations or nanoseconds."""

    stem: IntArray  # (setting, stem width)
    stages: tuple[StagePrices, ...]
    head: IntArray  # (setting, width before, head width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the paths of a space may be made of.

    Attributes:
        in_channels, num_classes: of the data.
        sides: of the images, by setting.
        stem, stem_widths: widths by (setting or 1, choice).
        blocks: one of each stage, with the stride of its first block; its kernels and expansions
            are arrays of all choices.
        widths: of each stage, by (setting or 1, choice).
        head: its width may be an array of all choices.
    """

    in_channels: int
    num_classes: int
    sides: IntArray
    stem: Stem
    stem_widths: IntArray
    blocks: Sequence[Block]
    widths: Sequence[IntArray]
    head: Head


def block_of_all(choices: StageChoices, *, transition: bool = False) -> Block:
    """A stage's first block with all its choices but the width, as `Choices.blocks` has it."""
    kernels: Any = np.array(choices.kernels)[:, None]
    expansions: Any = np.array(choices.expansions)
    return choices.block(
        kernel=kernels,
        expansion=expansions,
        width=0,
        stride=choices.stride,
        transition=transition,
    )


def price_tables(choices: Choices, price: Price) -> PriceTables:
    """The tables, by the price of one part."""
    before = choices.stem_widths
    widths: Any = before
    stem = replace(choices.stem, width=widths)
    part = parts.stem(stem, in_channels=choices.in_channels, side=choices.sides[:, None])
    stem_prices = np.broadcast_to(price(part), (len(choices.sides), before.shape[1]))
    side, stages = part.after[:, 0], []
    for block, widths in zip(choices.blocks, choices.widths, strict=True):
        first = _blocks(price, block, side=side, before=before, widths=widths)
        before, side = widths, conv_side(side, block.stride)
        later = _blocks(price, replace(block, stride=1), side=side, before=before, widths=widths)
        stages.append(StagePrices(first, np.pad(later, ((0, 0), (0, 0), (0, 1)))))
    head = _head(price, choices, side=side[:, None, None], before=before[:, :, None])
    return PriceTables(stem_prices, tuple(stages), head)


def _blocks(
    price: Price, block: Block, *, side: IntArray, before: IntArray, widths: IntArray
) -> IntArray:
    """Prices of a stage's blocks of one stride: (setting, width before, choice)."""
    all_widths: Any = widths[:, None, :, None, None]
    prices = block_prices(
        price,
        replace(block, width=all_widths),
        in_width=before[:, :, None, None, None],
        side=side[:, None, None, None, None],
    )
    return prices.reshape(*prices.shape[:2], -1)


def _head(price: Price, choices: Choices, *, side: IntArray, before: IntArray) -> IntArray:
    """Prices of the last convolution and all after it: (setting, width before, head width)."""
    ends = parts.head(choices.head, in_width=before, num_classes=choices.num_classes, side=side)
    head_widths: Any = choices.head.width
    shape = (len(side), before.shape[1], np.size(head_widths))
    return np.broadcast_to(sum(price(part) for _, part in ends), shape)


def look_up(table: IntArray, *indices: IntArray) -> IntArray:
    """`table[indices]`, through one index, which is faster."""
    at, *others = indices
    for size, index in zip(table.shape[1:], others, strict=True):
        at = at * size + index
    found: IntArray = table.ravel().take(at)
    return found
