"""Costs of whole populations of a list of choices, by look-up in per-layer tables.

Costs are the stand-alone network's. Identities are left out of it and leave the width as it was,
so a layer costs what its position, its choice, and the width that is left before it say; where the
space folds, also whether the choice before it is an identity. Each combination is priced once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from escalade.core.network import parts
from escalade.core.network.block import Block
from escalade.core.network.cost import Counting
from escalade.core.numbers.rounding import conv_side
from escalade.core.space.choice_network import ChoiceNetworks
from escalade.core.space.path import IntArray
from escalade.core.space.shape import ChoiceShape


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceTables:
    """Prices in one kind of cost, whole numbers: macs, params, bytes, nanoseconds, ...

    Attributes:
        counting: how they make a cost.
        fixed: stem and first block.
        layers: by layer, whether the choice before is an identity, index of the input width, and
            choice. Widths that cannot stand before a layer cost -1.
        head: by index of the input width.
        own: index of every layer's own width.
        is_identity: of every choice.
    """

    counting: Counting
    fixed: int
    layers: IntArray
    head: IntArray
    own: IntArray
    is_identity: npt.NDArray[np.bool_]

    @property
    def first_width(self) -> int:
        """Index of the width before the first layer: the only one that may stand there."""
        return int(np.argmax(self.layers[0, 0, :, 0] >= 0))

    @property
    def order(self) -> IntArray:
        """The choices of every layer where none is left out, cheapest first: (layers, choices)."""
        before = [self.first_width, *self.own[:-1]]
        order: IntArray = np.argsort(
            self.layers[range(len(before)), 0, before], axis=1, kind="stable"
        )
        return order

    def costs(self, genomes: IntArray) -> IntArray:
        """What every network costs: (n,)."""
        join = self.counting.ufunc
        genes, num = np.ascontiguousarray(genomes.T), len(genomes)
        total = np.full(num, self.fixed, dtype=np.int64)
        width, after = np.full(num, self.first_width), np.zeros(num, dtype=bool)
        for layer, choice, own in zip(self.layers, genes, self.own, strict=True):
            _, num_widths, num_choices = layer.shape
            row = after * num_widths + width
            join(total, layer.ravel().take(row * num_choices + choice), out=total)
            after = self.is_identity[choice]
            width = np.where(after, width, own)
        whole: IntArray = join(total, self.head[width])
        return whole

    def end(self, sign: int) -> IntArray:
        """The genome of least (1) or largest (-1) sum, of equal ones the first: (num_layers,).

        Layer by layer, the best way to every state: what stands before a layer.
        """
        best: dict[tuple[int, int], tuple[int, tuple[int, ...]]] = {(0, self.first_width): (0, ())}
        for layer, own in zip(self.layers, self.own, strict=True):
            ways = [
                (
                    (int(is_identity), width if is_identity else int(own)),
                    (cost + sign * int(layer[after, width, choice]), (*genome, choice)),
                )
                for (after, width), (cost, genome) in best.items()
                for choice, is_identity in enumerate(self.is_identity)
            ]
            best = {}
            for state, way in ways:
                best[state] = min(best.get(state, way), way)
        ends = (
            (cost + sign * int(self.head[width]), genome)
            for (_, width), (cost, genome) in best.items()
        )
        return np.array(min(ends)[1], dtype=np.int64)


def choice_tables(networks: ChoiceNetworks, side: int, counting: Counting) -> ChoiceTables:
    """The tables of a list of choices.

    Args:
        counting: of whole numbers.
    """
    shape, price = networks.shape, counting.price
    layers = [layer for *_, layer in shape.layers]
    widths = sorted({shape.first.width, *(layer.width for layer in layers)})
    stem = parts.stem(shape.stem, in_channels=shape.in_channels, side=side)
    first = parts.block(shape.first, in_width=shape.stem.width, side=stem.after)
    side = first.after
    num_choices = len(layers[0].blocks)
    table = np.full((len(layers), 2, len(widths), num_choices), -1, dtype=np.int64)
    before = {shape.first.width}

    @cache
    def priced(block: Block | None, in_width: int, side: int) -> int:
        return price(parts.block(block, in_width=in_width, side=side)) if block else 0

    for layer, rows in zip(layers, table, strict=True):
        for after, row, choice in np.ndindex(rows.shape):
            if widths[row] in before:
                block = networks.left(layer, choice, widths[row], after_identity=bool(after))
                rows[after, row, choice] = priced(block, widths[row], side)
        before.add(layer.width)
        side = conv_side(side, layer.stride)
    return ChoiceTables(
        counting=counting,
        fixed=counting.of((stem, first)),
        layers=table,
        head=np.array([_head(shape, counting, width, side) for width in widths]),
        own=np.array([widths.index(layer.width) for layer in layers]),
        is_identity=np.array([choice in networks.identities for choice in range(num_choices)]),
    )


def _head(shape: ChoiceShape, counting: Counting, in_width: int, side: int) -> int:
    ends = parts.head(shape.head, in_width=in_width, num_classes=shape.num_classes, side=side)
    return int(counting.of(part for _, part in ends))
