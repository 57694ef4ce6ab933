"""K members of a front, as the stages of a search result."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from escalade.core.network import cost
from escalade.core.numbers.statistics import binomial_standard_error
from escalade.core.scaling.ratios import scaling_between
from escalade.core.space.path import Path
from escalade.core.space.population import IntArray
from escalade.search.pareto import BoolArray, Floats, equispaced, non_dominated
from escalade.search.result import StageResult


def choose(errors: Floats, *, costs: Floats, num: int) -> IntArray:
    """Rows of `num` networks of a front, equispaced over error and cost, rising in cost.

    They lie on the curve of those that are best in error and cost alone: with a third objective a
    front is a surface, and most of it is worse in both. Where the curve is too short, the others
    fill it up.

    Raises:
        ValueError: for a front smaller than `num`.
    """
    if len(errors) < num:
        raise ValueError(
            f"num_members: {num} networks are to be chosen, but the final front has "
            f"{len(errors)}; choose {len(errors)} or fewer, or search with more generations or a "
            "larger population"
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


def as_stages(
    paths: Sequence[Path],
    *,
    scores: Sequence[float],
    costs: Sequence[float],
    budgets: Sequence[float],
    num_images: int,
) -> tuple[StageResult, ...]:
    """Networks rising in cost, each a stage with a budget, which may be its own cost."""
    base = paths[0].architecture
    stages = []
    for stage, path in enumerate(paths):
        counts = cost.of(path.architecture)
        stages.append(
            StageResult(
                stage=stage,
                budget=budgets[stage],
                genome=path.genome,
                strategy=path.strategy,
                scaling=scaling_between(base, path.architecture),
                architecture=path.architecture,
                macs=counts.macs,
                params=counts.params,
                activations=counts.activations,
                gap=costs[stage] / budgets[stage] - 1,
                score=scores[stage],
                standard_error=binomial_standard_error(scores[stage], num_images=num_images),
                tied=(),
                runs=path.runs,
            )
        )
    return tuple(stages)
