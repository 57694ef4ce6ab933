"""What samplers, training steps and searches need from a space, whichever kind it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from escalade.core.network.architecture import Architecture
from escalade.core.scaling.ratios import Scaling
from escalade.core.space.choice_shape import ChoiceShape
from escalade.core.space.population import IntArray, Population
from escalade.core.space.shape import SupernetShape

if TYPE_CHECKING:
    from escalade.core.latency.latency_table import LatencyTable


@dataclass(frozen=True, slots=True)
class Gene:
    """One integer choice of a genome."""

    name: str
    num_choices: int


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


class PathSpace(Protocol):
    """A space whose paths one supernet holds: a `SearchSpace`, `LayerSpace` or `ChoiceSpace`.

    A path is a genome and a strategy. A space without scaling has one scaling stage with one
    strategy, (0, 0, 0), which changes nothing.
    """

    @property
    def name(self) -> str: ...

    @property
    def in_channels(self) -> int: ...

    @property
    def num_classes(self) -> int: ...

    @property
    def factors(self) -> tuple[float, ...] | None:
        """The ladder f_j / f_0."""
        ...

    @property
    def kind(self) -> str:
        """What the ladder counts."""
        ...

    @property
    def latency(self) -> LatencyTable | None: ...

    def with_data(self, *, in_channels: int, num_classes: int) -> PathSpace:
        """The same space for other images and classes."""
        ...

    def with_latency(self, table: LatencyTable) -> PathSpace:
        """The same space with a device's latency table."""
        ...

    def for_ladder(self, factors: Sequence[float] | None, *, kind: str | None = None) -> PathSpace:
        """The same space for another ladder, or one that counts something else."""
        ...

    @property
    def training(self) -> PathSpace:
        """The space whose paths a supernet trains on."""
        ...

    # Genomes

    @property
    def genes(self) -> tuple[Gene, ...]: ...

    @property
    def num_genes(self) -> int: ...

    @property
    def identity_choices(self) -> frozenset[int] | None:
        """Choices of every gene that are identities; None where a gene has no such choice."""
        ...

    @property
    def smallest(self) -> IntArray:
        """The genome with the smallest of every choice: (num_genes,)."""
        ...

    @property
    def largest(self) -> IntArray:
        """The genome with the largest of every choice: (num_genes,)."""
        ...

    def sample_genomes(self, rng: np.random.Generator, num: int) -> IntArray:
        """Legal genomes, every gene uniform before repair: (num, num_genes)."""
        ...

    def repair(self, genomes: IntArray) -> IntArray:
        """The canonical legal genome of each row."""
        ...

    # Strategies

    @property
    def depth_ratios(self) -> tuple[float, ...]:
        """The union of all strategies' depth ratios, which their first index points into."""
        ...

    @property
    def width_ratios(self) -> tuple[float, ...]: ...

    @property
    def resolution_ratios(self) -> tuple[float, ...]: ...

    @property
    def num_stages(self) -> int:
        """Scaling stages, the base stage included."""
        ...

    @property
    def strategy_counts(self) -> tuple[int, ...]:
        """Strategies per scaling stage before de-duplication."""
        ...

    @property
    def all_strategies(self) -> IntArray:
        """Every strategy that a uniform draw may give: (n, 3)."""
        ...

    @property
    def base_triple(self) -> IntArray:
        """The strategy of stage 0."""
        ...

    def strategies(self, stage: int) -> IntArray:
        """Distinct strategies of a scaling stage: (n, 3) ratio indices."""
        ...

    def scaling(self, strategy: Sequence[int] | IntArray) -> Scaling:
        """The ratios behind a strategy's indices."""
        ...

    @property
    def num_genomes(self) -> int:
        """Legal (canonical) genomes, an exact integer."""
        ...

    @property
    def size(self) -> int:
        """Genomes times strategies, before strategies are de-duplicated."""
        ...

    @property
    def distinct(self) -> int:
        """Genomes times distinct strategies."""
        ...

    # Realisation

    def path(self, genome: Sequence[int] | IntArray, strategy: Sequence[int] | IntArray) -> Path:
        """Realise a genome under a strategy as one concrete network."""
        ...

    def paths(self, population: Population) -> list[Path]:
        """Realise a whole population."""
        ...

    def sides(self, population: Population) -> IntArray:
        """Resolution of every path: (n,)."""
        ...

    def depths(self, population: Population) -> IntArray:
        """Blocks of every path: (n,)."""
        ...

    def costs(self, population: Population, kind: str = "macs") -> npt.NDArray[Any]:
        """Costs of every path as `cost.of` counts them, or predicted seconds: (n,)."""
        ...

    @property
    def shape(self) -> SupernetShape | ChoiceShape:
        """What a supernet of this space must hold."""
        ...
