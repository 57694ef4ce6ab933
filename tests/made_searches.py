"""Small searches of every space, and scores made up for them."""

from __future__ import annotations

import numpy as np

from escalade.config.settings import SearchConfig
from escalade.core.numbers.budget import Budget
from escalade.search.methods import METHODS, Task
from escalade.spaces.load import load

TINY = {
    "population": 8, "generations": 3, "num_bases": 2, "rounds": 1, "strategies": 6,
    "num_skeletons": 6, "num_variations": 12, "num_models": 14,
}  # fmt: skip
LADDERS = {
    "small": (1.2e6, 2.4e6),
    "bignas_small": (0.8e6, 1.6e6),
    "scarlet_small": (1.2e6, 2.4e6),
    "regnet_y_small": (8e6, 16e6),
}


def task_of(space, method, **settings) -> Task:
    budgets = tuple(Budget(target) for target in LADDERS[space])
    stated = METHODS[method].stated(
        SearchConfig(**(TINY | settings)), kind="macs", has_budgets=True
    )
    METHODS[method].check(stated, has_budgets=True)
    return Task(
        space=load(space, factors=(1.0, 2.0)), settings=stated, budgets=budgets, kind="macs",
        tolerance=0.05, seed=0,
    )  # fmt: skip


def scores_of(population, *, seed=0, num=500):
    """Smaller genes are better, with a binomial's noise that belongs to each network."""
    made = []
    for genome, strategy in zip(population.genomes, population.strategies, strict=True):
        rng = np.random.default_rng([seed, *genome.tolist(), *strategy.tolist()])
        share = 0.75 - 0.2 * np.tanh(genome / 3).mean() + 0.02 * np.tanh(strategy).mean()
        made.append(rng.binomial(num, share) / num)
    return np.array(made)
