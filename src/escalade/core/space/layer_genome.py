"""Genomes of a per-layer space: which column is which gene, and networks back to genomes.

A genome is resolution, stem width, head width, then per stage its depth and, for every position a
layer may stand at, width, kernel and (where a stage has several) expansion. A gene is an index
into its list of choices, so a larger gene is a larger network.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from escalade.core.network.architecture import Architecture
from escalade.core.space.layer_choices import LayerData, LayerStage
from escalade.core.space.path import Gene
from escalade.core.space.population import IntArray

RESOLUTION, STEM, HEAD = 0, 1, 2


@dataclass(frozen=True, slots=True)
class StageColumns:
    """Where a stage's genes stand in a genome; the slices have one column a position."""

    depth: int
    widths: slice
    kernels: slice
    expansions: slice | None

    @property
    def layers(self) -> tuple[slice, ...]:
        """Those of single layers."""
        some = (self.widths, self.kernels)
        return some if self.expansions is None else (*some, self.expansions)


def columns(data: LayerData) -> tuple[StageColumns, ...]:
    """The columns of every stage."""
    found, start = [], HEAD + 1
    for stage in data.stages:
        step = _genes_per_layer(stage)
        end = start + 1 + step * stage.depth[1]
        firsts = [slice(start + 1 + i, end, step) for i in range(step)]
        expansions = firsts[2] if len(firsts) > 2 else None
        found.append(StageColumns(start, firsts[0], firsts[1], expansions))
        start = end
    return tuple(found)


def genes(data: LayerData, resolutions: Sequence[int]) -> tuple[Gene, ...]:
    """Every gene, by name."""
    found = [
        Gene("resolution", resolutions),
        Gene("stem.width", data.stem.widths),
        Gene("head.width", data.head.widths),
    ]
    for i, stage in enumerate(data.stages):
        found.append(Gene(f"stages[{i}].depth", range(stage.depth[0], stage.depth[1] + 1)))
        for k in range(stage.depth[1]):
            found.append(Gene(f"stages[{i}].width[{k}]", stage.widths))
            found.append(Gene(f"stages[{i}].kernel[{k}]", stage.kernels))
            if len(stage.expansions) > 1:
                found.append(Gene(f"stages[{i}].expansion[{k}]", stage.expansions))
    return tuple(found)


def _genes_per_layer(stage: LayerStage) -> int:
    return 2 + (len(stage.expansions) > 1)


def num_genomes(data: LayerData, resolutions: Sequence[int]) -> int:
    """Canonical genomes, an exact integer."""
    num = len(resolutions) * len(data.stem.widths) * len(data.head.widths)
    for stage in data.stages:
        layers = len(stage.widths) * len(stage.kernels) * len(stage.expansions)
        num *= sum(layers**depth for depth in range(stage.depth[0], stage.depth[1] + 1))
    return num


def encode(data: LayerData, resolutions: Sequence[int], architecture: Architecture) -> IntArray:
    """The genome of a network: (num_genes,).

    What the space fixes (kinds, strides, activations and the like) is not compared.

    Raises:
        ValueError: for a size that is not among the choices, naming the field of the network.
    """
    genome = np.zeros(len(genes(data, resolutions)), dtype=np.int64)
    genome[RESOLUTION] = _index(resolutions, architecture.resolution, "resolution")
    genome[STEM] = _index(data.stem.widths, architecture.stem.width, "stem.width")
    genome[HEAD] = _index(data.head.widths, architecture.head.width, "head.width")
    if len(architecture.stages) != len(data.stages):
        raise ValueError(
            f"stages: the space has {len(data.stages)}, not {len(architecture.depths)}"
        )
    for i, (stage, at) in enumerate(zip(data.stages, columns(data), strict=True)):
        blocks, (least, most) = architecture.stages[i].blocks, stage.depth
        depth = _index(range(least, most + 1), len(blocks), f"number of stages[{i}].blocks")
        genome[at.depth] = depth
        for field, choices, where in (
            ("width", stage.widths, at.widths),
            ("kernel", stage.kernels, at.kernels),
            ("expansion", stage.expansions, at.expansions),
        ):
            found = [
                _index(choices, getattr(block, field), f"stages[{i}].blocks[{k}].{field}")
                for k, block in enumerate(blocks)
            ]
            if where is not None:
                genome[where][: len(found)] = found
    return genome


def _index(choices: Sequence[Any], value: Any, where: str) -> int:
    if value not in choices:
        raise ValueError(f"{where}: {value} is not among {', '.join(f'{c:g}' for c in choices)}")
    return choices.index(value)


def selection(data: LayerData) -> tuple[int, ...]:
    """Every resolution that a selection may take, rising."""
    if data.selection_step is None:
        return data.resolutions
    low, high = data.resolutions[0], data.resolutions[-1]
    between = range(low, high + 1, data.selection_step)
    return tuple(sorted({*data.resolutions, *between}))
