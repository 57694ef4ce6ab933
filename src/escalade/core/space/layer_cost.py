"""Costs of whole populations of per-layer networks, by look-up in per-layer tables.

What a layer costs depends on the resolution, its input width and its own choices: some thousand
combinations a space, each priced once by the twin that prices a network (`core.network.cost`, or a
latency table). So both agree exactly, and a population is costed without building a network.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from escalade.core.network.price import Price
from escalade.core.numbers.rounding import conv_side
from escalade.core.space.population import IntArray, chunks

if TYPE_CHECKING:
    from escalade.core.latency.latency_table import LatencyTable


RESOLUTION, STEM, HEAD = 0, 1, 2


@dataclass(frozen=True, slots=True)
class StageTable:
    """Prices of a stage's layers by (resolution, input width, choice), all indices.

    A layer's choice is `(width * kernels + kernel) * expansions + expansion`; the last choice of
    `later` is a layer that does not run, which costs nothing.
    """

    first: IntArray
    later: IntArray


@dataclass(frozen=True, slots=True)
class LayerTables:
    """Prices in one kind of cost, whole numbers: macs, params, activations or nanoseconds."""

    stem: IntArray  # (resolution, stem width)
    stages: tuple[StageTable, ...]
    head: IntArray  # (resolution, input width, head width)


def layer_tables(
    data: Any, resolutions: Sequence[int], kind: str, latency: LatencyTable | None = None
) -> LayerTables:
    """The tables of a space.

    Args:
        data: the space.
        resolutions: those that the resolution gene chooses from.
        kind: macs, params, activations or latency.
        latency: a device's table, for latency.
    """
    price = Price.of(data, kind, latency)
    sides = np.array(resolutions, dtype=np.int64)
    stems = [data.stem.of(width) for width in data.stem.widths]
    stem = _by_side(sides, lambda side: [price.stem(each, side) for each in stems])
    sides, in_widths = conv_side(sides, data.stem.stride), data.stem.widths
    stages = []
    for stage in data.stages:
        first = _layers(price, stage, sides, in_widths, stride=stage.stride)
        sides, in_widths = conv_side(sides, stage.stride), stage.widths
        later = _layers(price, stage, sides, in_widths, stride=1)
        stages.append(StageTable(first, np.pad(later, ((0, 0), (0, 0), (0, 1)))))
    head = _by_side(
        sides,
        lambda side: [
            [price.head(width, in_width, side) for width in data.head.widths]
            for in_width in in_widths
        ],
    )
    return LayerTables(stem, tuple(stages), head)


def layer_costs(data: Any, tables: LayerTables, genomes: IntArray) -> IntArray:
    """The sum of every network's prices: (n,)."""
    totals = np.empty(len(genomes), dtype=np.int64)
    for rows in chunks(len(genomes)):
        totals[rows] = _chunk(data, tables, np.ascontiguousarray(genomes[rows].T))
    return totals


def _chunk(data: Any, tables: LayerTables, genes: IntArray) -> IntArray:
    """`genes` is (num_genes, n)."""
    resolution, width = genes[RESOLUTION], genes[STEM]
    total: IntArray = tables.stem[resolution, width]
    for stage, at, table in zip(data.stages, data.columns, tables.stages, strict=True):
        least, most = stage.depth
        depth, choices = least + genes[at.depth], _choices(stage, at, genes)
        for position in range(most):
            choice, own = choices[position], genes[at.layers[0]][position]
            if position >= least:
                runs = position < depth
                choice = np.where(runs, choice, table.later.shape[2] - 1)
                own = np.where(runs, own, width)
            total += _look_up(
                table.first if position == 0 else table.later, resolution, width, choice
            )
            width = own
    total += _look_up(tables.head, resolution, width, genes[HEAD])
    return total


def _choices(stage: Any, at: Any, genes: IntArray) -> IntArray:
    """The choice of every position: (most layers, n)."""
    choice: IntArray = genes[at.layers[0]] * len(stage.kernels) + genes[at.layers[1]]
    if len(at.layers) > 2:
        choice = choice * len(stage.expansions) + genes[at.layers[2]]
    return choice


def _look_up(table: IntArray, first: IntArray, second: IntArray, third: IntArray) -> IntArray:
    """`table[first, second, third]`, through one index, which is faster."""
    _, num_second, num_third = table.shape
    found: IntArray = table.ravel().take((first * num_second + second) * num_third + third)
    return found


def _layers(
    price: Price,
    stage: Any,
    sides: IntArray,
    in_widths: Sequence[int],
    *,
    stride: int,
) -> IntArray:
    """Prices of a stage's layers of one stride: (resolution, input width, choice)."""
    blocks = [
        stage.block(
            kernel=kernel,
            expansion=expansion,
            width=width,
            stride=stride,
        )
        for width in stage.widths
        for kernel in stage.kernels
        for expansion in stage.expansions
    ]
    return _by_side(
        sides,
        lambda side: [[price.block(block, w, side) for block in blocks] for w in in_widths],
    )


def _by_side(sides: IntArray, row: Callable[[int], object]) -> IntArray:
    """`row(side)` of every side, each distinct side asked once."""
    distinct, index = np.unique(sides, return_inverse=True)
    table: IntArray = np.array([row(int(side)) for side in distinct], dtype=np.int64)[index]
    return table
