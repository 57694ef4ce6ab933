"""Even coverage of what weights are shared over: resolutions and depths of the drawn paths.

Budgets alone leave some resolutions to few paths: within a window of macs, a path of 36 pixels must
be narrow and shallow, so hardly any is drawn, its shared weights stay unfit for that scale, and the
supernet ranks such paths far too low (docs/studies/sampling.md). Hierarchical sampling evens out
macs (ScaleNet, section 3.2); this evens out resolution and depth too. Our addition
(docs/explanation/deviations.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from escalade.core.space.path import IntArray, Population

if TYPE_CHECKING:
    from escalade.core.space.space import Space

# Cells per doubling of a dimension.
CELLS_PER_OCTAVE = {"resolution": 4, "depth": 2}
# Paths drawn from which the balanced ones are picked, and how many of them make a cell count fully:
# a cell of fewer would repeat the same paths.
POOL = 2048
FULL = 8
NUM_FITS = 10


def pick(
    space: Space, rng: np.random.Generator, pool: Population, num: int, *, over: str
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


def _cells(space: Space, pool: Population, name: str) -> IntArray:
    values = space.sides(pool) if name == "resolution" else space.depths(pool)
    cells: IntArray = np.floor(np.log2(values) * CELLS_PER_OCTAVE[name]).astype(np.int64)
    return cells
