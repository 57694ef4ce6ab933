"""A choice space small enough to list, and populations of any."""

from __future__ import annotations

import itertools

import numpy as np

from escalade.core.numbers.seeds import generator
from escalade.core.space.layouts import parse
from escalade.core.space.path import Population
from escalade.core.space.space import Space

TINY = {
    "format": 1,
    "kind": "choices",
    "name": "tiny",
    "resolution": 17,
    "in_channels": 1,
    "num_classes": 3,
    "stem": {"width": 8, "stride": 2},
    "first": {"width": 8},
    "choices": [
        {"expansion": 3, "kernel": 3},
        {"expansion": 6, "kernel": 5, "se": True},
        "identity",
    ],
    "stages": [
        {"depth": 1, "width": 8, "stride": 2},
        {"depth": 2, "width": 16},
        {"depth": 2, "width": 24, "stride": 2},
    ],
    "head": {"width": 40},
}
IDENTITY = 2


def tiny(**changes) -> Space:
    return Space(parse(TINY | changes))


def of(genomes) -> Population:
    return Population(np.asarray(genomes), np.zeros((len(genomes), 3), dtype=np.int64))


def drawn(space, num, seed=0) -> Population:
    """Half of them uniform, half spread over all costs, so that many have many identities."""
    rng = generator(seed, "choice space")
    half = space.layout.sample_spread(rng, num // 2)
    return of(np.concatenate([half, space.sample_genomes(rng, num - num // 2)]))


def everything(space) -> np.ndarray:
    return np.array(
        list(itertools.product(range(len(space.layout.choices)), repeat=space.num_genes))
    )
