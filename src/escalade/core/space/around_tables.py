"""Costs of many networks around one, by look-up in a table of prices for every block.

A block costs what its own choices, the width before it and the resolution say. Each combination is
priced once, all resolutions together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from escalade.core.network import parts
from escalade.core.network.architecture import Architecture
from escalade.core.network.cost import Counting
from escalade.core.space.narrowing import Position
from escalade.core.space.path import IntArray
from escalade.core.space.price_tables import PriceTables


def around_tables(
    counting: Counting,
    network: Architecture,
    *,
    sides: IntArray,
    stem_widths: Sequence[int],
    stages: Sequence[Sequence[Position]],
    head_widths: Sequence[int | None],
) -> PriceTables:
    """The tables of one kind of cost; a setting is a resolution.

    A block's choice is `(width * kernels + kernel) * expansions + expansion`.

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
            made.append(table.reshape(*table.shape[:2], -1))
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
    return PriceTables(counting, stem, tuple(tables), head)
