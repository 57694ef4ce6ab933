"""Costs of whole populations of per-layer networks, by look-up in tables; none is built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from escalade.core.network.block import Head
from escalade.core.network.cost import Price
from escalade.core.space.layer_choices import LayerData, LayerStage
from escalade.core.space.layer_genome import HEAD, RESOLUTION, STEM, StageColumns, columns
from escalade.core.space.population import IntArray, chunks
from escalade.core.space.price_tables import (
    Choices,
    PriceTables,
    block_of_all,
    look_up,
    price_tables,
)


def layer_tables(data: LayerData, resolutions: Sequence[int], price: Price) -> PriceTables:
    """The prices of a space's blocks; a setting is one of the resolutions."""
    head_widths: Any = np.array(data.head.widths)
    choices = Choices(
        in_channels=data.in_channels,
        num_classes=data.num_classes,
        sides=np.array(resolutions),
        stem=data.stem.of(0),
        stem_widths=np.array([data.stem.widths]),
        blocks=[block_of_all(stage, transition=stage.transition) for stage in data.stages],
        widths=[np.array([stage.widths]) for stage in data.stages],
        head=Head(width=head_widths, activation=data.head.activation),
    )
    return price_tables(choices, price)


def layer_costs(data: LayerData, tables: PriceTables, genomes: IntArray) -> IntArray:
    """The sum of every network's prices: (n,)."""
    totals = np.empty(len(genomes), dtype=np.int64)
    for rows in chunks(len(genomes)):
        totals[rows] = _chunk(data, tables, np.ascontiguousarray(genomes[rows].T))
    return totals


def _chunk(data: LayerData, tables: PriceTables, genes: IntArray) -> IntArray:
    """`genes` is (num_genes, n)."""
    resolution, width = genes[RESOLUTION], genes[STEM]
    total = look_up(tables.stem, resolution, width)
    for stage, at, table in zip(data.stages, columns(data), tables.stages, strict=True):
        least, most = stage.depth
        depth, choices = least + genes[at.depth], _choices(stage, at, genes)
        for position in range(most):
            choice, own = choices[position], genes[at.widths][position]
            if position >= least:
                runs = position < depth
                choice = np.where(runs, choice, table.later.shape[2] - 1)
                own = np.where(runs, own, width)
            total += look_up(
                table.first if position == 0 else table.later, resolution, width, choice
            )
            width = own
    total += look_up(tables.head, resolution, width, genes[HEAD])
    return total


def _choices(stage: LayerStage, at: StageColumns, genes: IntArray) -> IntArray:
    """The choice of every position: (most layers, n)."""
    choice: IntArray = genes[at.widths] * len(stage.kernels) + genes[at.kernels]
    if at.expansions is not None:
        choice = choice * len(stage.expansions) + genes[at.expansions]
    return choice
