"""Even coverage of what weights are shared over: resolutions and depths of the drawn paths.

Budgets alone leave some resolutions to few paths: within a window of macs, a path of 36 pixels must
be narrow and shallow, so hardly any is drawn, its shared weights stay unfit for that scale, and the
supernet ranks such paths far too low (docs/studies.md). Hierarchical sampling evens out macs
(ScaleNet, section 3.2); this evens out resolution and depth too. Our addition (docs/deviations.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from escalade.core.population import IntArray, Population
from escalade.core.rounding import scale_depth

if TYPE_CHECKING:
    from escalade.core.space import SearchSpace

# Cells per doubling of a dimension.
CELLS_PER_OCTAVE = {"resolution": 4, "depth": 2}
# Paths drawn from which the balanced ones are picked, and how many of them make a cell count fully:
# a cell of fewer would repeat the same paths.
POOL = 2048
FULL = 8
NUM_FITS = 10


def pick(
    space: SearchSpace, rng: np.random.Generator, pool: Population, num: int, *, over: str
) -> Population:
    """`num` paths of a pool, even over the cells of resolution, of depth, or of each (`both`).

    With both, each dimension by itself is even, not every pair of cells: pairs are too many, and
    the common ones would be left with too little (iterative proportional fitting).
    """
    names = ("resolution", "depth") if over == "both" else (over,)
    share = np.ones(len(pool))
    for _ in range(NUM_FITS if len(names) > 1 else 1):
        for name in names:
            _, cell, counts = np.unique(
                _cells(space, pool, name), return_inverse=True, return_counts=True
            )
            share *= (np.minimum(counts, FULL) / np.bincount(cell, weights=share))[cell]
    return pool[rng.choice(len(pool), size=num, p=share / share.sum())]


def _cells(space: SearchSpace, pool: Population, name: str) -> IntArray:
    values = resolutions(space, pool) if name == "resolution" else depths(space, pool)
    cells: IntArray = np.floor(np.log2(values) * CELLS_PER_OCTAVE[name]).astype(np.int64)
    return cells


def resolutions(space: SearchSpace, population: Population) -> IntArray:
    """Realised resolution of every path: (n,)."""
    table = np.array(
        [
            [space.scaled_resolution(side, ratio) for ratio in space.resolution_ratios]
            for side in space.data.resolutions
        ]
    )
    found: IntArray = table[population.genomes[:, 0], population.strategies[:, 2]]
    return found


def depths(space: SearchSpace, population: Population) -> IntArray:
    """Blocks of every path: (n,)."""
    ratios = space.depth_ratios
    total = np.zeros(len(population), dtype=np.int64)
    for i, stage in enumerate(space.data.stages):
        table = np.array([[scale_depth(d, r) for r in ratios] for d in range(stage.depth[1] + 1)])
        base = np.count_nonzero(space.kernels(population.genomes, i), axis=1)
        total += table[base, population.strategies[:, 0]]
    return total
