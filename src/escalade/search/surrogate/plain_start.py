"""The plain base of a space at every resolution, which searches begin near."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import numpy as np

from escalade.core.space.path import IntArray
from escalade.core.space.space import Space


def plain_genomes(space: Space) -> IntArray:
    """Genomes of the plain base, one a resolution; none where the space has no such network."""
    found: list[IntArray] = []
    with suppress(ValueError):  # where it is no network of the space itself
        base = space.layout.plain_base
        named = {gene.name: gene.choices for gene in space.genes}
        for side in named.get("resolution", (base.resolution,)):
            found.append(space.layout.encode(replace(base, resolution=side)))
    none = np.empty((0, space.num_genes), dtype=np.int64)
    return space.repair(np.stack(found)) if found else none
