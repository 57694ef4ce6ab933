"""A front whose members have been chosen anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from escalade.artefacts.fronts import Front, FrontNetwork
from escalade.artefacts.searched import SearchedStage
from escalade.core.space.population import Population
from escalade.core.space.space import Space
from escalade.search.front.objectives import measured


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
                    score=stage.score,
                    values=tuple(row),
                    architecture=stage.architecture,
                )
            )
    members = tuple(places[stage.genome] for stage in stages)
    return replace(front, networks=tuple(networks), members=members)
