"""Predicted latencies of whole populations; the twin of `LatencyTable.of`, exactly equal to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from escalade.core.network.parts import Group, Sizes
from escalade.core.numbers.rounding import conv_side
from escalade.core.space.population import IntArray, Population, chunks
from escalade.core.space.population_cost import (
    Tables,
    divisible_array,
    reduced_widths,
)
from escalade.core.space.stage_choices import StageChoices

if TYPE_CHECKING:
    from escalade.core.latency.latency_table import LatencyTable

Floats = npt.NDArray[np.float64]


def population_latency(
    space: Any, ratios: Any, table: LatencyTable, population: Population
) -> Floats:
    """Seconds of one batch of every path: (n,)."""
    tables = Tables.of(space, ratios)
    sums = np.zeros(len(population), dtype=np.int64)
    for rows in chunks(len(population)):
        sums[rows] = _chunk(space, ratios, tables, table, population[rows])
    latencies: Floats = table.total(sums)
    return latencies


def _chunk(
    space: Any, ratios: Any, tables: Tables, table: LatencyTable, population: Population
) -> IntArray:
    genomes = population.genomes
    d, w, r = population.strategies.T
    data, model = space, table.model
    width = tables.stem_widths[genomes[:, 1], w]
    side = tables.sides[genomes[:, 0], r]
    stem = data.stem
    total: IntArray = model.nanoseconds(
        Group(kind="stem", activation=stem.activation, kernel=stem.kernel, stride=stem.stride),
        Sizes(in_width=data.in_channels, hidden=0, width=width, side=side),
    )
    side = conv_side(side, stem.stride)
    for i, choices in enumerate(data.stages):
        start = space.columns[i].depth + 1
        out_width = tables.widths[i][genomes[:, start - 3], w]
        kernels = space.kernels(genomes, i)
        depth = np.count_nonzero(kernels, axis=1)
        expansion = np.array(choices.expansions)[genomes[:, start - 2]]
        first = _sizes(choices, width, out_width, side, expansion)
        more = _sizes(choices, out_width, out_width, conv_side(side, choices.stride), expansion)
        counts = _later_kernels(choices, kernels, depth, tables.depths[depth, d])
        for k, kernel in enumerate(choices.kernels):
            rows = kernels[:, 0] == kernel
            total[rows] += _first(table, choices, kernel, first[rows])
            group = _group(choices, kernel, stride=1, same_shape=True)
            total += counts[:, k] * model.nanoseconds(group, more)
        width, side = out_width, more.side
    head = data.head
    assert head.width is not None  # `choices` refuses a space without it
    total += model.nanoseconds(
        Group(kind="final", activation=head.activation),
        Sizes(in_width=width, hidden=0, width=head.width, side=side),
    )
    total += model.nanoseconds(
        Group(kind="classifier"),
        Sizes(in_width=head.width, hidden=0, width=data.num_classes, side=side),
    )
    return total


def _first(table: LatencyTable, choices: StageChoices, kernel: int, sizes: Sizes) -> IntArray:
    """A stage's first blocks, some of which keep the shape."""
    found = np.zeros(len(sizes.width), dtype=np.int64)
    same = (sizes.width == sizes.in_width) & (choices.stride == 1)
    for same_shape in (False, True):
        rows = same == same_shape
        if rows.any():
            group = _group(choices, kernel, stride=choices.stride, same_shape=same_shape)
            found[rows] = table.model.nanoseconds(group, sizes[rows])
    return found


def _later_kernels(
    choices: StageChoices, kernels: IntArray, depth: IntArray, scaled: IntArray
) -> IntArray:
    """How many blocks after the first have which kernel: (n, kernels)."""
    last = kernels[np.arange(len(kernels)), depth - 1]
    columns = [
        np.count_nonzero(kernels[:, 1:] == kernel, axis=1) + (last == kernel) * (scaled - depth)
        for kernel in choices.kernels
    ]
    return np.stack(columns, axis=1).astype(np.int64)


def _group(choices: StageChoices, kernel: int, *, stride: int, same_shape: bool) -> Group:
    return Group(
        kind=choices.kind,
        activation=choices.activation,
        kernel=kernel,
        stride=stride,
        has_se=choices.se is not None,
        same_shape=same_shape,
    )


def _sizes(
    choices: StageChoices, in_width: IntArray, width: IntArray, side: IntArray, expansion: Floats
) -> Sizes:
    expands = choices.kind == "mbconv"
    hidden = divisible_array(in_width * expansion) if expands else in_width
    reduced = reduced_widths(choices.se, in_width, hidden)
    return Sizes(
        in_width=in_width,
        hidden=hidden,
        width=width,
        side=side,
        se_width=0 if reduced is None else reduced,
    )
