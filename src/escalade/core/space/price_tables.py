"""Costs of many networks in stages, by look-up in tables of prices; no network is built.

What a block costs depends on its own choices, on the width before it, and on what holds for a
whole network, its setting: the resolution and the ratios. These are some thousand combinations a
space; each is priced once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from escalade.core.network import parts
from escalade.core.network.block import Block, Head, Stem
from escalade.core.network.cost import Counting, Price
from escalade.core.network.many import block_prices
from escalade.core.numbers.rounding import conv_side
from escalade.core.space.path import IntArray


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedBlocks:
    """What the networks of a space may be made of.

    Attributes:
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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StageRows:
    """The blocks of one stage in n networks.

    Attributes:
        least: layers that every network has.
        depth: layers before they are scaled: (n,).
        scaled: after: (n,).
        widths: of every layer, or one for all: (most layers or 1, n).
        choices: of every layer: (most layers, n). A choice is
            `(width * kernels + kernel) * expansions + expansion`.
    """

    least: int
    depth: IntArray
    scaled: IntArray
    widths: IntArray
    choices: IntArray


@dataclass(frozen=True, slots=True)
class PriceTables:
    """Prices in one kind of cost, whole numbers: macs, params, bytes, nanoseconds, ...

    Attributes:
        stem: by setting and width.
        stages: of each layer by setting, width before and choice; the last goes on for the layers
            after it.
        head: by setting, width before and width.
    """

    counting: Counting
    stem: IntArray
    stages: tuple[tuple[IntArray, ...], ...]
    head: IntArray

    @classmethod
    def of(cls, networks: StagedBlocks, counting: Counting) -> PriceTables:
        """The tables of one kind of cost."""
        price = counting.price
        before = networks.stem_widths
        widths: Any = before
        stem = replace(networks.stem, width=widths)
        part = parts.stem(stem, in_channels=networks.in_channels, side=networks.sides[:, None])
        stem_prices = np.broadcast_to(price(part), (len(networks.sides), before.shape[1]))
        side, stages = part.after[:, 0], []
        for block, widths in zip(networks.blocks, networks.widths, strict=True):
            first = _blocks(price, block, side=side, before=before, widths=widths)
            before, side, more = widths, conv_side(side, block.stride), replace(block, stride=1)
            later = _blocks(price, more, side=side, before=before, widths=widths)
            stages.append((first, later))
        head = _head(counting, networks, side=side[:, None, None], before=before[:, :, None])
        return cls(counting, stem_prices, tuple(stages), head)

    def costs(
        self, setting: IntArray, stem: IntArray, stages: Sequence[StageRows], head: IntArray
    ) -> IntArray:
        """What every network costs: (n,).

        Args:
            setting, stem, head: indices, (n,).
            stages: their blocks.
        """
        counting, join = self.counting, self.counting.ufunc
        total, width = _look_up(self.stem, setting, stem), stem
        for rows, tables in zip(stages, self.stages, strict=True):
            is_one, num_tables = len(rows.widths) == 1, max(2, len(tables))
            start = _start(tables[0], setting, width)
            for position, choice in enumerate(rows.choices):
                table = tables[min(position, len(tables) - 1)]
                if position and (not is_one or position < num_tables):
                    start = _start(table, setting, width)
                prices = table.ravel().take(start + choice)
                runs = None if position < rows.least else position < rows.depth
                if runs is not None:
                    prices *= runs
                if position == 0 or not is_one:
                    own = rows.widths[position]
                    width = own if runs is None else np.where(runs, own, width)
                join(total, prices, out=total)
            if rows.scaled is not rows.depth:
                last = rows.choices[rows.depth - 1, np.arange(len(width))]
                prices = _look_up(tables[-1], setting, width, last)
                join(total, counting.repeated(prices, rows.scaled - rows.depth), out=total)
        whole: IntArray = join(total, _look_up(self.head, setting, width, head))
        return whole


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


def _head(
    counting: Counting, networks: StagedBlocks, *, side: IntArray, before: IntArray
) -> IntArray:
    """Prices of the last convolution and all after it: (setting, width before, head width)."""
    ends = parts.head(networks.head, in_width=before, num_classes=networks.num_classes, side=side)
    head_widths: Any = networks.head.width
    shape = (len(side), before.shape[1], np.size(head_widths))
    return np.broadcast_to(counting.of(part for _, part in ends), shape)


def _start(table: IntArray, setting: IntArray, width: IntArray) -> IntArray:
    """Where the prices of the choices begin in a stage's table, flat."""
    start: IntArray = (setting * table.shape[1] + width) * table.shape[2]
    return start


def _look_up(table: IntArray, *indices: IntArray) -> IntArray:
    """`table[indices]`, through one index, which is faster."""
    at, *others = indices
    for size, index in zip(table.shape[1:], others, strict=True):
        at = at * size + index
    found: IntArray = table.ravel().take(at)
    return found
