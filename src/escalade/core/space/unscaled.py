"""What spaces without scaling strategies have in common: one stage, whose strategy does nothing."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from escalade.core.scaling.ratios import Scaling
from escalade.core.space.path import Path
from escalade.core.space.population import IntArray, Population

UNSCALED = (0, 0, 0)


class Unscaled(ABC):
    """The strategies of a `Space` that has none, whatever the ladder."""

    depth_ratios = width_ratios = resolution_ratios = (1.0,)
    num_stages = 1
    strategy_counts = (1,)

    def strategies(self, stage: int) -> IntArray:
        """The only strategy: (1, 3) zeros."""
        assert stage == 0
        return self.all_strategies

    @property
    def all_strategies(self) -> IntArray:
        return np.zeros((1, 3), dtype=np.int64)

    @property
    def base_triple(self) -> IntArray:
        return np.zeros(3, dtype=np.int64)

    def scaling(self, strategy: Sequence[int] | IntArray) -> Scaling:
        """No scaling."""
        return Scaling()

    @abstractmethod
    def path(
        self, genome: Sequence[int] | IntArray, strategy: Sequence[int] | IntArray | None = None
    ) -> Path:
        """Realise a genome."""

    def paths(self, population: Population) -> list[Path]:
        """Realise a whole population."""
        return [self.path(genome) for genome in population.genomes]

    @abstractmethod
    def sample_spread(self, rng: np.random.Generator, num: int) -> IntArray:
        """Legal genomes from the smallest to the largest path: (num, num_genes)."""

    @property
    @abstractmethod
    def num_genomes(self) -> int:
        """Legal (canonical) genomes, an exact integer."""

    @property
    def size(self) -> int:
        """Genomes, each of which is a network of its own."""
        return self.num_genomes

    @property
    def distinct(self) -> int | None:
        return self.num_genomes
