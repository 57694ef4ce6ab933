"""A path: what a supernet runs, and what is costed, scored and retrained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from escalade.core.network.architecture import Architecture

IntArray = npt.NDArray[np.int64]

# Rows costed at once: small enough that the intermediate arrays stay in the cache.
CHUNK = 8192


@dataclass(frozen=True, slots=True, eq=False)
class Population:
    """`genomes` is (n, genes); `strategies` is (n, 3): depth, width and resolution ratio indices.

    The indices point into the axes of the space's `ratios`.
    """

    genomes: IntArray
    strategies: IntArray

    def __post_init__(self) -> None:
        assert self.genomes.ndim == 2
        assert self.strategies.shape == (len(self.genomes), 3)

    def __len__(self) -> int:
        return len(self.genomes)

    def __getitem__(self, rows: slice | IntArray | npt.NDArray[np.bool_]) -> Population:
        return Population(self.genomes[rows], self.strategies[rows])

    @staticmethod
    def unscaled(genomes: IntArray) -> Population:
        """Genomes of a space without scaling: the strategy of each changes nothing."""
        return Population(genomes, np.zeros((len(genomes), 3), dtype=np.int64))

    @staticmethod
    def concatenate(parts: list[Population]) -> Population:
        return Population(
            np.concatenate([part.genomes for part in parts]),
            np.concatenate([part.strategies for part in parts]),
        )


def chunks(num: int, *, size: int = CHUNK) -> Iterator[slice]:
    """So many rows, some at a time, for costs through intermediate arrays."""
    for start in range(0, num, size):
        yield slice(start, start + size)


@dataclass(frozen=True, slots=True)
class Gene:
    """One integer choice of a genome."""

    name: str
    choices: Sequence[Any]

    @property
    def num_choices(self) -> int:
        return len(self.choices)


@dataclass(frozen=True, slots=True)
class Path:
    """What a supernet runs: a base genome and a strategy, realised as an architecture.

    Attributes:
        genome, strategy: indices of choices.
        architecture: the stand-alone network, which costs, budgets and retraining are about.
        runs: what the supernet runs where that is another network: in a choice space identities
            keep their positions and are transformed (SCARLET, Fig. 2).
    """

    genome: tuple[int, ...]
    strategy: tuple[int, int, int]
    architecture: Architecture
    runs: Architecture | None = None

    @property
    def running(self) -> Architecture:
        """What the supernet runs, and what a slice of it is."""
        return self.runs or self.architecture

    @property
    def key(self) -> str:
        """Which weights run: position, kernel and width decide it, so the running network does."""
        return self.running.key


def values(genes: Sequence[Gene], genome: Sequence[int] | IntArray) -> dict[str, Any]:
    """What a genome chooses, by the genes' names."""
    return {gene.name: gene.choices[i] for gene, i in zip(genes, genome, strict=True)}
