"""A path: what a supernet runs, and what is costed, scored and retrained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from escalade.core.network.architecture import Architecture
from escalade.core.space.population import IntArray


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
