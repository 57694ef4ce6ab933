"""What a search remembers: every score, so that no path is asked twice, and every generation."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from escalade.artefacts.searched import IterationRecord, NumScores
from escalade.core.space.population import IntArray, Population
from escalade.core.space.space import Space
from escalade.search.operators.gene_operators import Scores


class Notebook:
    """Scores by path key: paths that run the same weights are one path.

    Attributes:
        asked: scores wanted so far, repeats and all.
        generations: mean, spread and best of every generation's candidates (Fig. 6).
    """

    def __init__(self, space: Space) -> None:
        self._space = space
        self._keys: dict[tuple[bytes, bytes], str] = {}
        self._scores: dict[str, float] = {}
        self.asked = 0
        self.generations: list[IterationRecord] = []

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

    def note(
        self, scores: Scores, *, iteration: int, phase: str, stage: int | None, generation: int = 0
    ) -> None:
        """Write down how good a generation is."""
        self.generations.append(
            IterationRecord(
                iteration=iteration,
                phase=phase,
                stage=stage,
                generation=generation,
                mean=float(scores.mean()),
                std=float(scores.std()),
                best=float(scores.max()),
                num=len(scores),
            )
        )
