"""Costs of whole populations of a list of choices, by look-up in per-layer tables.

Costs are the stand-alone network's. Identities are left out of it and leave the width as it was,
so a layer costs what its position, its choice, and the width that is left before it say; where the
space folds, also whether the choice before it is an identity. Each combination is priced once by
the twin that prices a network (`core.network.cost`, or a latency table), so both agree exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from escalade.core.network.architecture import Block
from escalade.core.network.price import Price
from escalade.core.numbers.rounding import conv_side
from escalade.core.space.choice_network import ChoiceNetworks
from escalade.core.space.population import IntArray, chunks

if TYPE_CHECKING:
    from escalade.core.latency.latency_table import LatencyTable


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

    def sums(self, genomes: IntArray) -> IntArray:
        """The sum of every network's prices: (n,)."""
        totals = np.empty(len(genomes), dtype=np.int64)
        for rows in chunks(len(genomes)):
            totals[rows] = self._chunk(np.ascontiguousarray(genomes[rows].T))
        return totals

    def _chunk(self, genes: IntArray) -> IntArray:
        """`genes` is (num_layers, n)."""
        num = genes.shape[1]
        total = np.full(num, self.fixed, dtype=np.int64)
        width, after = np.full(num, self.first_width), np.zeros(num, dtype=bool)
        for layer, choice, own in zip(self.layers, genes, self.own, strict=True):
            _, num_widths, num_choices = layer.shape
            row = after * num_widths + width
            total += layer.ravel().take(row * num_choices + choice)
            after = self.is_identity[choice]
            width = np.where(after, width, own)
        total += self.head[width]
        return total

    def end(self, sign: int) -> IntArray:
        """The genome of least (1) or largest (-1) cost, of equal ones the first: (num_layers,).

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


def choice_tables(
    networks: ChoiceNetworks, side: int, kind: str, latency: LatencyTable | None = None
) -> ChoiceTables:
    """The tables of a list of choices.

    Args:
        networks: what they make.
        side: of the images.
        kind: macs, params, activations or latency.
        latency: a device's table, for latency.
    """
    shape = networks.shape
    price = Price.of(shape, kind, latency)
    layers = [layer for *_, layer in shape.layers]
    widths = sorted({shape.first.width, *(layer.width for layer in layers)})
    fixed = price.stem(shape.stem, side)
    side = conv_side(side, shape.stem.stride)
    fixed += price.block(shape.first, shape.stem.width, side)
    side = conv_side(side, shape.first.stride)
    num_choices = len(layers[0].blocks)
    table = np.full((len(layers), 2, len(widths), num_choices), -1, dtype=np.int64)
    known: dict[tuple[Block | None, int, int], int] = {}
    before = {shape.first.width}
    for layer, rows in zip(layers, table, strict=True):
        for after, row, choice in np.ndindex(2, len(widths), num_choices):
            in_width = widths[row]
            if in_width not in before:
                continue
            block = networks.left(layer, choice, in_width, after_identity=bool(after))
            key = (block, in_width, side)
            if key not in known:
                known[key] = price.block(block, in_width, side) if block else 0
            rows[after, row, choice] = known[key]
        before.add(layer.width)
        side = conv_side(side, layer.stride)
    return ChoiceTables(
        fixed=fixed,
        layers=table,
        head=np.array([price.head(shape.head.width or 0, width, side) for width in widths]),
        own=np.array([widths.index(layer.width) for layer in layers]),
        is_identity=np.array([choice in networks.identities for choice in range(num_choices)]),
    )
