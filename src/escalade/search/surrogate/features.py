"""What a model of scores knows of a path: genes, costs and ratios."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from escalade.core.space.population import Population
from escalade.core.space.space import Space

Floats = npt.NDArray[np.float64]
# A gene of more choices is a number, whose choices rise.
MOST_CHOICES = 16
COSTS = ("macs", "params", "activations")


def choices(space: Space, population: Population) -> Floats:
    """A column of 0 and 1 for every choice of every gene that has a few: (n, columns)."""
    columns = [
        population.genomes[:, i, None] == np.arange(gene.num_choices)
        for i, gene in enumerate(space.genes)
        if 1 < gene.num_choices <= MOST_CHOICES
    ]
    none = np.empty((len(population), 0))
    return np.concatenate([none, *columns], axis=1).astype(np.float64)


def sizes(space: Space, population: Population) -> Floats:
    """Logarithms of costs, of side, depth and ratios; genes of many choices: (n, columns)."""
    kinds = COSTS if space.latency is None else (*COSTS, "latency")
    costs = np.log(np.stack([space.costs(population, kind) for kind in kinds], axis=1))
    shape = np.log(np.stack([space.sides(population), space.depths(population)], axis=1))
    ratios = [
        np.log(np.array(axis, dtype=np.float64))[population.strategies[:, i]]
        for i, axis in enumerate(space.ratios.axes)
    ]
    many = [i for i, gene in enumerate(space.genes) if gene.num_choices > MOST_CHOICES]
    genes = population.genomes[:, many].astype(np.float64)
    return np.concatenate([costs, shape, np.stack(ratios, axis=1), genes], axis=1)
