"""K members of a front."""

from __future__ import annotations

import numpy as np

from escalade.core.space.population import IntArray
from escalade.core.values.invalid import Invalid
from escalade.search.front.pareto import BoolArray, Floats, equispaced, non_dominated


def choose(errors: Floats, *, costs: Floats, num: int) -> IntArray:
    """Rows of `num` networks of a front, equispaced over error and cost, rising in cost.

    They lie on the curve of those that are best in error and cost alone: with a third objective a
    front is a surface, and most of it is worse in both. Where the curve is too short, the others
    fill it up.

    Raises:
        Invalid: for a front smaller than `num`.
    """
    if len(errors) < num:
        raise Invalid(
            f"{num} networks are to be chosen, but the final front has {len(errors)}",
            path=("num_members",),
            remedy=f"choose {len(errors)} or fewer, or search with more generations or a larger "
            "population",
        )
    points = np.stack([errors, costs], axis=1)
    # Of networks with the same error and cost one is enough, as long as there are others.
    repeats: BoolArray = np.ones(len(points), dtype=bool)
    repeats[np.unique(points, axis=0, return_index=True)[1]] = False
    curve = np.flatnonzero(non_dominated(points) & ~repeats)
    if len(curve) >= num:
        return curve[equispaced(points[curve], num=num)]
    others = np.setdiff1d(np.arange(len(points)), curve)
    added = others[np.lexsort([errors[others], repeats[others]])[: num - len(curve)]]
    rows = np.concatenate([curve, added])
    return rows[np.argsort(costs[rows], kind="stable")]
