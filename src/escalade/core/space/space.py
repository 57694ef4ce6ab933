"""What everyone needs from a space, however its networks are laid out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from escalade.core.scaling.ratios import Scaling
from escalade.core.space.choice_shape import ChoiceShape
from escalade.core.space.path import Gene, Path
from escalade.core.space.population import IntArray, Population
from escalade.core.space.shape import SupernetShape
from escalade.core.space.traits import Traits

if TYPE_CHECKING:
    from escalade.core.latency.latency_table import LatencyTable


class Space(Protocol):
    """A search space, however its networks are laid out; `traits` say what is true of it.

    A path is a genome and a strategy. A space without scaling has one scaling stage with one
    strategy, (0, 0, 0), which changes nothing.
    """

    @property
    def data(self) -> Any:
        """The choices, as a file has them; every file states name and divisors."""
        ...

    @property
    def traits(self) -> Traits: ...

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

    def with_data(self, *, in_channels: int, num_classes: int) -> Space:
        """The same space for other images and classes."""
        ...

    def with_latency(self, table: LatencyTable) -> Space:
        """The same space with a device's latency table."""
        ...

    def for_ladder(self, factors: Sequence[float] | None, *, kind: str | None = None) -> Space:
        """The same space for another ladder, or one that counts something else."""
        ...

    @property
    def training(self) -> Space:
        """The space whose paths a supernet trains on."""
        ...

    @property
    def identity(self) -> str | None:
        """How a supernet runs layers left out; None in a space that leaves none out."""
        ...

    def with_identity(self, identity: str) -> Space:
        """The same space whose supernet runs layers left out so; stand-alone networks stay.

        Raises:
            ValueError: if there is no such way, or the space leaves no layers out.
        """
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
        """Legal genomes, every gene as the space draws it: (num, num_genes)."""
        ...

    def sample_spread(self, rng: np.random.Generator, num: int) -> IntArray:
        """Legal genomes from the smallest to the largest path: (num, num_genes)."""
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
    def distinct(self) -> int | None:
        """Genomes times distinct strategies; None where copies among genomes are not counted."""
        ...

    # Realisation

    def path(
        self, genome: Sequence[int] | IntArray, strategy: Sequence[int] | IntArray | None = None
    ) -> Path:
        """Realise a genome under a strategy, by default the base's, as one concrete network."""
        ...

    def paths(self, population: Population) -> list[Path]:
        """Realise a whole population."""
        ...

    @property
    def largest_side(self) -> int:
        """The largest resolution of any path."""
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
        """What a supernet of this space must hold; asked only where there is one."""
        ...
