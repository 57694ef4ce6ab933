"""Costs of many networks around one, by look-up in a table of prices for every block.

A block costs what its own choices, the width before it and the resolution say. Each combination is
priced once, all resolutions together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from escalade.core.network import parts
from escalade.core.network.architecture import Architecture
from escalade.core.network.cost import Counting
from escalade.core.space.narrowing import Position
from escalade.core.space.path import IntArray
from escalade.core.space.stage_choices import StageColumns

RESOLUTION, STEM, HEAD = 0, 1, 2  # the first genes


@dataclass(frozen=True, slots=True, eq=False)
class AroundPrices:
    """Prices in one kind of cost, whole numbers: macs, params, bytes, nanoseconds, ...

    Attributes:
        counting: how they make a cost.
        stem: by resolution and width.
        stages: of every block by resolution, width before, width, kernel and expansion.
        head: by resolution, width before and width.
    """

    counting: Counting
    stem: IntArray
    stages: tuple[tuple[IntArray, ...], ...]
    head: IntArray

    @classmethod
    def of(
        cls,
        counting: Counting,
        network: Architecture,
        *,
        sides: IntArray,
        stem_widths: Sequence[int],
        stages: Sequence[Sequence[Position]],
        head_widths: Sequence[int | None],
    ) -> AroundPrices:
        """The tables of one kind of cost.

        Args:
            network: in the middle of the space.
        """
        price, num, side = counting.price, len(sides), sides
        stem = np.empty((num, len(stem_widths)), dtype=np.int64)
        for i, width in enumerate(stem_widths):
            smaller = replace(network.stem, width=width)
            part = parts.stem(smaller, in_channels=network.in_channels, side=sides)
            stem[:, i], side = price(part), part.after
        tables = []
        for positions in stages:
            made = []
            for position in positions:
                table = np.zeros((num, *position.shape), dtype=np.int64)
                after = side
                for at in position.choices:
                    before = position.before[at[0]]
                    part = parts.block(position.at(*at), in_width=before, side=side)
                    table[:, *at], after = price(part), part.after
                made.append(table)
                side = after
            tables.append(tuple(made))
        widths = stages[-1][-1].widths
        head = np.empty((num, len(widths), len(head_widths)), dtype=np.int64)
        for i, j in np.ndindex(*head.shape[1:]):
            ends: Any = parts.head(
                replace(network.head, width=head_widths[j]),
                in_width=widths[i],
                num_classes=network.num_classes,
                side=side,
            )
            head[:, i, j] = counting.of(part for _, part in ends)
        return cls(counting, stem, tuple(tables), head)

    def costs(
        self, genomes: IntArray, columns: Sequence[StageColumns], *, with_head: bool
    ) -> IntArray:
        """What every network costs: (n,).

        Args:
            genomes: canonical ones.
            columns: where their genes stand; a stage's width is just before its depth.
            with_head: whether the head's width is a gene.
        """
        join, genes = self.counting.ufunc, np.ascontiguousarray(genomes.T)
        side, width = genes[RESOLUTION], genes[STEM]
        total = self.stem[side, width]
        for tables, at in zip(self.stages, columns, strict=True):
            own, depth = genes[at.depth - 1], at.least + genes[at.depth]
            kernels, expansions = (genes[where] for where in at.layers)
            for k, table in enumerate(tables):
                prices = table[side, width, own, kernels[k], expansions[k]]
                if k >= at.least:
                    prices = prices * (k < depth)
                join(total, prices, out=total)
                width = own
        head = genes[HEAD] if with_head else 0
        whole: IntArray = join(total, self.head[side, width, head])
        return whole
