"""Many paths at once: genomes and scaling strategies as integer arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
