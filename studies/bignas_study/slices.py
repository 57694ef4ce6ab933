"""Which networks of the space the supernets are scored by."""

from __future__ import annotations

from functools import cache

import numpy as np

from bignas_study.setting import BUDGETS, LADDER, LADDER_SPACE, SPACE, Setting, Training
from bignas_study.supernets import space_of
from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Hierarchical, Window
from escalade.core.space.path import Path
from escalade.core.space.population import IntArray, Population

POOL = 4096


def spread(setting: Setting, training: Training) -> list[Path]:
    """Networks over the whole range of macs, evenly on a logarithmic scale.

    The same genomes for all supernets of a space, drawn once, at resolutions that were trained and
    at others between them.
    """
    space = space_of(training)
    rows = _rows(setting.slices, training.space)
    return space.paths(rows)


def budgets_networks() -> list[Path]:
    """A random network for each of the small, middle and big budget, the same always."""
    space = space_of(Training(seed=0, epochs=1, learning_rate=1))
    pool, macs = _pool()
    nearest = [int(np.abs(macs - budget.target).argmin()) for budget in BUDGETS]
    return space.paths(pool[np.array(nearest)])


@cache
def _rows(num: int, space: str) -> Population:
    if space == LADDER_SPACE:
        return _ladder_rows(num)
    pool, macs = _pool()
    places = np.geomspace(macs.min(), macs.max(), num)
    nearest = [int(np.abs(np.log(macs / place)).argmin()) for place in places]
    return pool[np.array(nearest)]


def _ladder_rows(num: int) -> Population:
    """As many near each of the ladder's budgets."""
    space = space_of(Training(seed=0, epochs=1, learning_rate=1, space=LADDER_SPACE))
    window = Window(targets=tuple(b.target for b in LADDER), factor=1.05, balance="both")
    parts = []
    for stage in range(len(LADDER)):
        only = [float(stage == j) for j in range(len(LADDER))]
        sampler = Hierarchical(space, weights=only, window=window)
        rng = generator(0, "bignas study", "ladder", stage)
        parts.append(sampler.draw(rng, num // len(LADDER)))
    return Population.concatenate(parts)


@cache
def _pool() -> tuple[Population, IntArray]:
    """Random networks from the smallest to the largest, and their macs."""
    space = space_of(Training(seed=0, epochs=1, learning_rate=1, space=SPACE))
    genomes = space.sample_spread(generator(0, "bignas study", "slices"), POOL)
    pool = Population(genomes, np.repeat(space.base_triple[None], len(genomes), axis=0))
    return pool, space.costs(pool)
