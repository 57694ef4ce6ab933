"""Scaling strategies of a space: products of ratios, de-duplicated or made for a ladder."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from escalade.core.numbers.rounding import scale_depth
from escalade.core.numbers.seeds import generator
from escalade.core.space.choices import Ratios
from escalade.core.space.population import IntArray, Population

if TYPE_CHECKING:
    from escalade.core.space.search_space import SearchSpace
    from escalade.core.space.space import Space

# Base networks whose mean cost says how much a generated strategy costs.
NUM_REFERENCE_GENOMES = 64

Floats = tuple[float, ...]


def unions(stages: Sequence[Ratios]) -> tuple[Floats, Floats, Floats]:
    """Depth, width and resolution ratios over all stages, rising."""
    depth = tuple(sorted({value for stage in stages for value in stage.depth}))
    width = tuple(sorted({value for stage in stages for value in stage.width}))
    resolution = tuple(sorted({value for stage in stages for value in stage.resolution}))
    return depth, width, resolution


def product(space: Space, ratios: Ratios) -> IntArray:
    """All combinations of the ratios, as indices into the space's unions: (n, 3)."""
    rows = itertools.product(
        [space.depth_ratios.index(value) for value in ratios.depth],
        [space.width_ratios.index(value) for value in ratios.width],
        [space.resolution_ratios.index(value) for value in ratios.resolution],
    )
    return np.array(list(rows), dtype=np.int64)


def distinct_rows(space: SearchSpace, rows: IntArray) -> IntArray:
    """Keep the first of all strategies that realise the same network for every base.

    With depths rounded up, many multipliers are one and the same (docs/deviations.md).
    """
    maps = _realised_maps(space)
    seen: set[tuple[tuple[int, ...], ...]] = set()
    kept = []
    for row in rows:
        key = tuple(maps[axis][int(index)] for axis, index in enumerate(row))
        if key not in seen:
            seen.add(key)
            kept.append(row)
    return np.array(kept, dtype=np.int64).reshape(-1, 3)


def _realised_maps(space: SearchSpace) -> tuple[list[tuple[int, ...]], ...]:
    """Per axis and ratio: what it makes of every depth, width and resolution of the space."""
    data = space.data
    depths = sorted({d for s in data.stages for d in range(s.depth[0], s.depth[1] + 1)})
    widths = sorted({w for s in data.stages for w in s.widths} | set(data.stem.widths))
    return (
        [tuple(scale_depth(d, ratio) for d in depths) for ratio in space.depth_ratios],
        [tuple(space.scaled_width(w, ratio) for w in widths) for ratio in space.width_ratios],
        [
            tuple(space.scaled_resolution(r, ratio) for r in data.resolutions)
            for ratio in space.resolution_ratios
        ],
    )


def generate(space: SearchSpace, *, slack: float, union: bool = False) -> tuple[IntArray, ...]:
    """Strategies for a ladder: those whose mean cost lies within `slack` of each stage's factor.

    Cost is what the ladder counts: a strategy that doubles macs need not double activations.

    With `union` one array: every combination no more expensive than the last stage's.
    """
    factors = space.factors
    assert factors is not None
    full = Ratios(
        depth=space.depth_ratios, width=space.width_ratios, resolution=space.resolution_ratios
    )
    rows = distinct_rows(space, product(space, full))
    growth = _mean_growth(space, rows)
    if union:
        return (rows[growth <= factors[-1] * slack],)
    stages = [space.base_triple[None]]
    for factor in factors[1:]:
        chosen = rows[np.abs(np.log(growth / factor)) <= np.log(slack)]
        if not len(chosen):
            raise ValueError(
                f"budgets: none of the strategies of the space {space.name} multiplies "
                f"{space.kind} by about {factor:.3g}, they multiply by 1 to {growth.max():.3g};\n"
                "use a ladder within that, or a space of your own with a wider grid"
            )
        stages.append(chosen)
    return tuple(stages)


def _mean_growth(space: SearchSpace, rows: IntArray) -> np.ndarray:
    """How much each strategy multiplies the mean cost of reference base networks: (n,)."""
    genomes = space.sample_genomes(generator(0, "reference"), NUM_REFERENCE_GENOMES)
    base = Population(genomes, np.repeat(space.base_triple[None], len(genomes), axis=0))
    population = Population(np.tile(genomes, (len(rows), 1)), np.repeat(rows, len(genomes), axis=0))
    costs = space.costs(population, space.kind).reshape(len(rows), len(genomes))
    growth: np.ndarray = costs.mean(axis=1) / space.costs(base, space.kind).mean()
    return growth
