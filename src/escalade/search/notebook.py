"""What a search remembers: every score, so that no path is asked twice, and every generation."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

from escalade.artefacts.searched import IterationRecord, NumScores
from escalade.core.space.path import IntArray, Population
from escalade.core.space.space import Space
from escalade.search.dialogue import answer
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
        self._rows: list[Population] = []
        self.asked = 0
        self.generations: list[IterationRecord] = []

    @classmethod
    def of(cls, space: Space, population: Population, scores: Sequence[float]) -> Self:
        """A notebook that has these scores already."""
        notes = cls(space)
        by_row = dict(zip(_pairs(population), scores, strict=True))
        answer(
            notes.score(population),
            score=lambda new: np.array([by_row[pair] for pair in _pairs(new)]),
        )
        return notes

    @property
    def distinct(self) -> int:
        """Paths scored so far."""
        return len(self._scores)

    @property
    def scored(self) -> tuple[Population, Scores]:
        """Every path that was scored, in order, and its score."""
        return Population.concatenate(self._rows), np.array(list(self._scores.values()))

    def known_scores(
        self, population: Population, *, exact: bool = True
    ) -> npt.NDArray[np.float64]:
        """The scores of paths, not a number where one was never asked: (n,).

        Args:
            exact: by path keys; else only those asked by the same genome and strategy are known.
        """
        if exact:
            pairs = zip(population.genomes, population.strategies, strict=True)
            keys = [self.key(*pair) for pair in pairs]
        else:
            keys = [self._keys.get(pair, "") for pair in _pairs(population)]
        found = [self._scores.get(key) for key in keys]
        return np.array([np.nan if score is None else score for score in found])

    @property
    def counted(self) -> NumScores:
        """How many scores were wanted, and how many of them were no repeats."""
        return NumScores(asked=self.asked, distinct=self.distinct)

    def key(self, genome: IntArray, strategy: IntArray) -> str:
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
            fresh = population[np.array(list(new.values()), dtype=np.int64)]
            told = yield fresh
            self._rows.append(fresh)
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


def _pairs(population: Population) -> Iterator[tuple[bytes, bytes]]:
    """Genome and strategy of each path, as a key."""
    rows = zip(population.genomes, population.strategies, strict=True)
    return ((genome.tobytes(), strategy.tobytes()) for genome, strategy in rows)
