"""Costs of whole populations of a staged space, by look-up in tables; no network is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from escalade.core.network.cost import Price
from escalade.core.numbers.rounding import scale_depth
from escalade.core.space.population import IntArray, Population, chunks
from escalade.core.space.price_tables import (
    Choices,
    PriceTables,
    block_of_all,
    look_up,
    price_tables,
)

if TYPE_CHECKING:
    from escalade.core.space.search_space import SearchSpace


def population_tables(space: SearchSpace, price: Price) -> PriceTables:
    """The prices of a space's blocks; a setting is a resolution, its ratio and a width ratio."""
    data, sizes = space.data, Sizes.of(space)
    num_ratios = len(space.width_ratios)

    def by_setting(widths: IntArray) -> IntArray:
        return np.tile(widths.T, (sizes.sides.size, 1))

    choices = Choices(
        in_channels=data.in_channels,
        num_classes=data.num_classes,
        sides=np.repeat(sizes.sides.ravel(), num_ratios),
        stem=data.stem.of(0),
        stem_widths=by_setting(sizes.stem_widths),
        blocks=[block_of_all(stage) for stage in data.stages],
        widths=[by_setting(widths) for widths in sizes.widths],
        head=data.head,
    )
    return price_tables(choices, price)


def population_costs(space: SearchSpace, tables: PriceTables, population: Population) -> IntArray:
    """The sum of the prices of every path's parts: (n,)."""
    sizes, totals = Sizes.of(space), np.empty(len(population), dtype=np.int64)
    for rows in chunks(len(population)):
        totals[rows] = _chunk(space, sizes, tables, population[rows])
    return totals


def population_sides(space: SearchSpace, population: Population) -> IntArray:
    """Resolution of every path: (n,)."""
    sides: IntArray = Sizes.of(space).sides[population.genomes[:, 0], population.strategies[:, 2]]
    return sides


def population_depths(space: SearchSpace, population: Population) -> IntArray:
    """Blocks of every path: (n,)."""
    depths, ratio = Sizes.of(space).depths, population.strategies[:, 0]
    total = np.zeros(len(population), dtype=np.int64)
    for i in range(len(space.data.stages)):
        base = np.count_nonzero(space.kernels(population.genomes, i), axis=1)
        total += depths[base, ratio]
    return total


@dataclass(frozen=True, slots=True)
class Sizes:
    """What ratios make of the space's choices, as look-up tables."""

    sides: IntArray  # (resolution choice, ratio)
    stem_widths: IntArray  # (width choice, ratio)
    widths: list[IntArray]  # per stage: (width choice, ratio)
    depths: IntArray  # (base depth, ratio)

    @classmethod
    def of(cls, space: SearchSpace) -> Sizes:
        data = space.data
        most = max(stage.depth[1] for stage in data.stages)

        def widths(choices: tuple[int, ...]) -> IntArray:
            rows = [[space.scaled_width(w, r) for r in space.width_ratios] for w in choices]
            return np.array(rows, dtype=np.int64)

        ratios = space.resolution_ratios
        sides = [[space.scaled_resolution(s, r) for r in ratios] for s in data.resolutions]
        depths = [[scale_depth(d, r) for r in space.depth_ratios] for d in range(1, most + 1)]
        return cls(
            sides=np.array(sides, dtype=np.int64),
            stem_widths=widths(data.stem.widths),
            widths=[widths(stage.widths) for stage in data.stages],
            depths=np.array([[0] * len(space.depth_ratios), *depths], dtype=np.int64),
        )


def _chunk(
    space: SearchSpace, sizes: Sizes, tables: PriceTables, population: Population
) -> IntArray:
    genes = np.ascontiguousarray(population.genomes.T)
    d, w, r = np.ascontiguousarray(population.strategies.T)
    setting = (genes[0] * len(space.resolution_ratios) + r) * len(space.width_ratios) + w
    before = genes[1]
    total = look_up(tables.stem, setting, before)
    for choices, columns, table in zip(
        space.data.stages, space.kernel_columns, tables.stages, strict=True
    ):
        width, expansion, more = genes[columns.start - 3 : columns.start]
        choice = (width * len(choices.kernels) + genes[columns]) * len(choices.expansions)
        choice += expansion
        depth = choices.depth[0] + more
        total += look_up(table.first, setting, before, choice[0])
        for position in range(1, choices.depth[1]):
            total += look_up(table.later, setting, width, choice[position]) * (position < depth)
        repeats = sizes.depths[depth, d] - depth
        last = choice[depth - 1, np.arange(len(depth))]
        total += look_up(table.later, setting, width, last) * repeats
        before = width
    return total + look_up(tables.head, setting, before, 0 * before)
