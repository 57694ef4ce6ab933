"""K members of a front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from escalade.artefacts.fronts import Front, FrontNetwork
from escalade.artefacts.searched import SearchedStage
from escalade.core.space.path import IntArray, Population
from escalade.core.space.space import Space
from escalade.core.values.invalid import Invalid
from escalade.search.front.objectives import measured
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


def with_members(front: Front, *, stages: Sequence[SearchedStage], space: Space) -> Front:
    """The front with these networks as members; those that are not on it stand after it."""
    chosen = Population(
        np.array([stage.genome for stage in stages], dtype=np.int64),
        np.array([stage.strategy for stage in stages], dtype=np.int64),
    )
    scores = np.array([stage.score for stage in stages])
    names = [name.removeprefix("-") for name in front.objectives]
    values = np.stack([measured(name, space, chosen, scores) for name in names], axis=1)
    networks = list(front.networks[: front.num_front])
    places = {network.genome: i for i, network in enumerate(networks)}
    for stage, row in zip(stages, values.tolist(), strict=True):
        if stage.genome not in places:
            places[stage.genome] = len(networks)
            networks.append(
                FrontNetwork(
                    genome=stage.genome,
                    score=stage.accuracy,
                    values=tuple(row),
                    architecture=stage.architecture,
                )
            )
    members = tuple(places[stage.genome] for stage in stages)
    return replace(front, networks=tuple(networks), members=members)
