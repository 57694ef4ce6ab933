"""Costs of many RegNets at once; no network is built."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from escalade.core.network import parts, regnet
from escalade.core.network.block import Head, Stem
from escalade.core.network.cost import Price
from escalade.core.network.many import block_prices
from escalade.core.numbers.rounding import conv_side
from escalade.core.space.design_choices import DesignData
from escalade.core.space.design_shapes import Shapes
from escalade.core.space.population import IntArray


def design_costs(data: DesignData, price: Price, shapes: Shapes, resolutions: IntArray) -> IntArray:
    """The sum of the prices of every network's parts: (n,)."""
    stem = Stem(width=data.stem_width, stride=data.stem_stride, activation=data.activation)
    head = Head(width=data.head_width, activation=data.activation)
    part = parts.stem(stem, in_channels=data.in_channels, side=resolutions, residual=True)
    total: IntArray = np.zeros(len(resolutions), dtype=np.int64) + price(part)
    in_width, side = np.full(len(resolutions), data.stem_width), part.after
    letter: Any = data.block
    for stage in range(shapes.widths.shape[1]):
        width, depth = shapes.widths[:, stage], shapes.depths[:, stage]
        there, stride = depth > 0, data.first_stride if stage == 0 else 2
        more = regnet.block(letter, width=width, group_width=shapes.groups[:, stage])
        first = replace(more, stride=stride)
        total += there * block_prices(price, first, in_width=in_width, side=side)
        in_width = np.where(there, width, in_width)
        side = np.where(there, conv_side(side, stride), side)
        later = block_prices(price, more, in_width=width, side=side)
        total += np.maximum(depth - 1, 0) * later
    ends = parts.head(
        head, in_width=in_width, num_classes=data.num_classes, side=side, residual=True
    )
    total += sum(price(part) for _, part in ends)
    return total
