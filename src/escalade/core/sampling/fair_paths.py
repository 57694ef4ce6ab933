"""Strict fairness: every choice of every layer once a step (FairNAS, which SCARLET follows)."""

from __future__ import annotations

import math

import numpy as np

from escalade.core.numbers.seeds import generator
from escalade.core.space.path import Path
from escalade.core.space.space import Space


class FairPaths:
    """The paths of every step, a pure function of the seed and the step.

    A step draws one permutation of the choices per layer; its first path takes the first of each,
    and so on.

    Args:
        space: whose genes all have the same choices, as a choice space's.

    Raises:
        ValueError: if no set of paths can have every choice once.
    """

    def __init__(self, space: Space, *, seed: int) -> None:
        counts = [gene.num_choices for gene in space.genes]
        if len(set(counts)) > 1 or space.layout.num_genomes != math.prod(counts):
            raise ValueError(_unequal(space, counts))
        self.num_paths = counts[0]
        self._space = space
        self._seed = seed

    def at(self, step: int) -> list[Path]:
        """The paths of a step, as many as a layer has choices."""
        rng = generator(self._seed, "fair", step)
        choices = np.tile(np.arange(self.num_paths), (self._space.num_genes, 1))
        permutations = rng.permuted(choices, axis=1)
        base = self._space.base_triple
        return [self._space.path(genome, base) for genome in permutations.T]


def _unequal(space: Space, counts: list[int]) -> str:
    low, high = min(counts), max(counts)
    why = f"have {low} to {high} choices" if low < high else "are not independent"
    return (
        f"supernet.step: fair trains every choice of every gene once a step, but the genes of the "
        f"space {space.name} {why}; name a choice space, such as scarlet_small, or use single_path"
    )
