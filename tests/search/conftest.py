from __future__ import annotations

import numpy as np
import pytest

from escalade.core.numbers.budget import Budget
from escalade.spaces.load import load

BUDGETS = (1.2e6, 2.4e6, 4.8e6)


class Landscape:
    """A smooth accuracy with a known direction: genes near hidden best values are good, and so is
    growth whose split over depth, width and resolution is near a hidden one."""

    def __init__(self, space, *, seed: int = 0, noise: float = 0.0) -> None:
        rng = np.random.default_rng(seed)
        self.space, self.noise = space, noise
        self.best = rng.random(space.num_genes)
        self.mix = rng.dirichlet((2.0, 3.0, 2.0))
        self.most = np.array([max(1, gene.num_choices - 1) for gene in space.genes])
        self.rng = np.random.default_rng(seed + 1)

    def true(self, population) -> np.ndarray:
        space = self.space
        genes = ((population.genomes / self.most - self.best) ** 2).mean(axis=1)
        d, w, r = population.strategies.T
        logs = np.stack(
            [
                np.log2(np.array(space.ratios.depth))[d],
                2 * np.log2(np.array(space.ratios.width))[w],
                2 * np.log2(np.array(space.ratios.resolution))[r],
            ],
            axis=1,
        )
        split = ((logs - self.mix * logs.sum(axis=1, keepdims=True)) ** 2).sum(axis=1)
        return 0.9 - 0.1 * genes - 0.02 * split

    def __call__(self, population) -> np.ndarray:
        noise = self.noise * self.rng.normal(size=len(population))
        return np.clip(self.true(population) + noise, 0, 1)


@pytest.fixture(scope="session")
def budgets():
    return tuple(Budget(target) for target in BUDGETS)


@pytest.fixture(scope="session")
def space():
    return load("small", factors=[target / BUDGETS[0] for target in BUDGETS])


@pytest.fixture(scope="session")
def published():
    return load("scalenet")


@pytest.fixture
def landscape(space):
    return Landscape(space)


@pytest.fixture
def make_landscape():
    return Landscape
