"""Scores a search already knows: no path is asked twice."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from escalade.artefacts.searched import NumScores
from escalade.core.space.population import IntArray, Population
from escalade.core.space.space import Space
from escalade.search.operators.gene_operators import Scores


class Memo:
    """Scores by path key: paths that run the same weights are one path."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._keys: dict[tuple[bytes, bytes], str] = {}
        self._scores: dict[str, float] = {}
        self.asked = 0

    @property
    def distinct(self) -> int:
        """Paths scored so far."""
        return len(self._scores)

    @property
    def counted(self) -> NumScores:
        """How many scores were wanted, and how many of them were no repeats."""
        return NumScores(asked=self.asked, distinct=self.distinct)

    def key(self, genome: IntArray, strategy: IntArray) -> str:
        """The path key."""
        row = (genome.tobytes(), strategy.tobytes())
        if row not in self._keys:
            self._keys[row] = self._space.path(genome, strategy).key
        return self._keys[row]

    def known(self, genome: IntArray, strategy: IntArray) -> float | None:
        """The score of a path, None if it was never asked."""
        return self._scores.get(self.key(genome, strategy))

    def score(self, population: Population) -> Generator[Population, Scores, Scores]:
        """Scores of all paths; yields only those that are new, each once."""
        keys = [
            self.key(genome, strategy)
            for genome, strategy in zip(population.genomes, population.strategies, strict=True)
        ]
        new: dict[str, int] = {}
        for row, key in enumerate(keys):
            if key not in self._scores:
                new.setdefault(key, row)
        if new:
            told = yield population[np.array(list(new.values()), dtype=np.int64)]
            self._scores.update(zip(new, told.tolist(), strict=True))
        self.asked += len(population)
        return np.array([self._scores[key] for key in keys])
