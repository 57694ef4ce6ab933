"""Costs of whole populations of a choice space, by look-up in per-layer tables.

Costs are the stand-alone network's. Identities are left out of it and leave the width as it was,
so a layer costs what its position, its choice, and the width that is left before it say; where the
space folds, also whether the choice before it is an identity. Each combination is priced once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from escalade.core.network import parts
from escalade.core.network.block import Block
from escalade.core.network.cost import Price
from escalade.core.numbers.rounding import conv_side
from escalade.core.space.choice_data import ChoiceData
from escalade.core.space.choice_network import without_skip
from escalade.core.space.choice_shape import ChoiceShape, LayerShape
from escalade.core.space.population import IntArray, chunks


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceTables:
    """Prices in one kind of cost, whole numbers: macs, params, activations or nanoseconds.

    Attributes:
        fixed: stem and first block.
        layers: by layer, whether the choice before is an identity, index of the input width, and
            choice. Widths that cannot stand before a layer cost -1.
        head: by index of the input width.
        own: index of every layer's own width.
        is_identity: of every choice.
    """

    fixed: int
    layers: IntArray
    head: IntArray
    own: IntArray
    is_identity: npt.NDArray[np.bool_]


def choice_tables(data: ChoiceData, shape: ChoiceShape, price: Price) -> ChoiceTables:
    """The tables of a space.

    Args:
        data, shape: the space.
        price: of one part of a network, a whole number.
    """
    layers = [layer for *_, layer in shape.layers]
    widths = sorted({shape.first.width, *(layer.width for layer in layers)})
    stem = parts.stem(shape.stem, in_channels=data.in_channels, side=data.resolution)
    first = parts.block(shape.first, in_width=shape.stem.width, side=stem.after)
    side = first.after
    table = np.full((len(layers), 2, len(widths), len(data.choices)), -1, dtype=np.int64)
    known: dict[tuple[Block | None, int, int], int] = {}
    before = {shape.first.width}
    for layer, rows in zip(layers, table, strict=True):
        for after, in_width in np.ndindex(2, len(widths)):
            if widths[in_width] not in before:
                continue
            for choice in range(len(data.choices)):
                block = _left(data, layer, choice, widths[in_width], after=bool(after))
                key = (block, widths[in_width], side)
                if key not in known:
                    known[key] = 0
                    if block is not None:
                        known[key] = price(parts.block(block, in_width=widths[in_width], side=side))
                rows[after, in_width, choice] = known[key]
        before.add(layer.width)
        side = conv_side(side, layer.stride)
    return ChoiceTables(
        fixed=price(stem) + price(first),
        layers=table,
        head=np.array([_head(data, price, width, side) for width in widths]),
        own=np.array([widths.index(layer.width) for layer in layers]),
        is_identity=np.array([i in data.identities for i in range(len(data.choices))]),
    )


def _head(data: ChoiceData, price: Price, in_width: int, side: int) -> int:
    ends = parts.head(data.head, in_width=in_width, num_classes=data.num_classes, side=side)
    return sum(price(part) for _, part in ends)


def _left(
    data: ChoiceData, layer: LayerShape, choice: int, in_width: int, *, after: bool
) -> Block | None:
    """What a choice leaves in the stand-alone network; None is nothing."""
    if choice not in data.identities:
        return without_skip(layer.blocks[choice], in_width, data.folds and after)
    return Block.identity(in_width, stride=layer.stride) if layer.stride > 1 else None


def choice_costs(tables: ChoiceTables, genomes: IntArray) -> IntArray:
    """The sum of every network's prices: (n,)."""
    totals = np.empty(len(genomes), dtype=np.int64)
    for rows in chunks(len(genomes)):
        totals[rows] = _chunk(tables, np.ascontiguousarray(genomes[rows].T))
    return totals


def _chunk(tables: ChoiceTables, genes: IntArray) -> IntArray:
    """`genes` is (num_layers, n)."""
    num = genes.shape[1]
    total = np.full(num, tables.fixed, dtype=np.int64)
    width, after = np.full(num, first_width(tables)), np.zeros(num, dtype=bool)
    for layer, choice, own in zip(tables.layers, genes, tables.own, strict=True):
        _, num_widths, num_choices = layer.shape
        row = after * num_widths + width
        total += layer.ravel().take(row * num_choices + choice)
        after = tables.is_identity[choice]
        width = np.where(after, width, own)
    total += tables.head[width]
    return total


def first_width(tables: ChoiceTables) -> int:
    """Index of the width before the first layer: the only one that may stand there."""
    return int(np.argmax(tables.layers[0, 0, :, 0] >= 0))


def cheapest(tables: ChoiceTables) -> tuple[int, ...]:
    """The genome of least cost; of equal ones the first."""
    return _end(tables, 1)


def costliest(tables: ChoiceTables) -> tuple[int, ...]:
    """The genome of largest cost; of equal ones the first."""
    return _end(tables, -1)


def _end(tables: ChoiceTables, sign: int) -> tuple[int, ...]:
    """Layer by layer, the best way to every state: what stands before a layer."""
    best: dict[tuple[int, int], tuple[int, tuple[int, ...]]] = {(0, first_width(tables)): (0, ())}
    for layer, own in zip(tables.layers, tables.own, strict=True):
        ways = [
            (
                (int(is_identity), width if is_identity else int(own)),
                (cost + sign * int(layer[after, width, choice]), (*genome, choice)),
            )
            for (after, width), (cost, genome) in best.items()
            for choice, is_identity in enumerate(tables.is_identity)
        ]
        best = {}
        for state, way in ways:
            best[state] = min(best.get(state, way), way)
    return min(
        (cost + sign * int(tables.head[width]), genome)
        for (_, width), (cost, genome) in best.items()
    )[1]
