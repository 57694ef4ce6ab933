"""The search space: genomes and scaling strategies, and the networks that they make.

A genome is an integer vector, a strategy three indices of ratios. Which genes there are, and what
networks they make, the layout says; without scaling there is one stage with one strategy, which
changes nothing. The space decides legality once, by `repair`: equal paths have equal genomes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from escalade.core.network.architecture import Architecture
from escalade.core.numbers.seeds import generator
from escalade.core.numbers.shown import amount
from escalade.core.scaling.ratios import Scaling
from escalade.core.space.costing import Costing
from escalade.core.space.layout import Layout
from escalade.core.space.path import Gene, IntArray, Path, Population
from escalade.core.space.scaling_stages import union
from escalade.core.space.shape import AnyShape
from escalade.core.space.strategies import Strategies
from escalade.core.space.traits import Traits
from escalade.core.values.invalid import Invalid

if TYPE_CHECKING:
    from escalade.core.latency.latency_table import LatencyTable

# Base networks among which some keep every limit.
NUM_LIMITED = 1024


class Space:
    """Genes, strategies per scaling stage, legality; makes architectures of genomes.

    What depends on the choices alone is the layout's; what everybody asks of it is asked here, by
    the same names.

    Args:
        layout: the choices, as a file has them.
        factors: the ladder f_j / f_0; needed where strategies are made for it.
        kind: what the ladder counts.
        latency: a device's table, for costs of that kind.
        limits: what networks that are searched may cost at most, by kind, beside their budgets.

    Attributes:
        ratios: of depth, width and resolution, to which strategies are indices.

    Raises:
        ValueError: if the layout has no strategies for this ladder.
    """

    def __init__(
        self,
        layout: Layout,
        *,
        factors: Sequence[float] | None = None,
        kind: str = "macs",
        latency: LatencyTable | None = None,
        limits: Mapping[str, float] | None = None,
    ) -> None:
        self.layout = layout
        self.factors = tuple(factors) if factors else None
        self.kind = kind
        self.latency = latency
        self.limits = dict(limits or {})
        stages = layout.stage_ratios(self.factors)
        self.ratios = union(stages)
        self.costs = Costing(layout, ratios=self.ratios, latency=latency)
        self._strategies = Strategies(
            layout, stages=stages, ratios=self.ratios, factors=self.factors, costs=self.costs,
            kind=kind,
        )  # fmt: skip

    @property
    def name(self) -> str:
        return self.layout.name

    @property
    def traits(self) -> Traits:
        return self.layout.traits

    # The same space for something else

    def with_data(self, *, in_channels: int, num_classes: int) -> Self:
        """For other images and classes; a latency table does not fit those."""
        layout: Any = self.layout
        layout = replace(layout, in_channels=in_channels, num_classes=num_classes)
        return self._but(layout=layout, latency=None)

    def with_latency(self, table: LatencyTable) -> Self:
        """With a device's latency table."""
        return self._but(latency=table)

    def with_limits(self, limits: Mapping[str, float]) -> Self:
        """With limits on what searched networks cost.

        Raises:
            Invalid: for a limit that not even the least of many networks keeps, with their range.
        """
        genomes = self.sample_genomes(generator(0, "reference"), NUM_LIMITED)
        bases = np.repeat(self.base_triple[None], len(genomes) + 1, axis=0)
        base = Population(np.concatenate([genomes, self.smallest[None]]), bases)
        for kind, limit in limits.items():
            costs = self.costs(base, kind)
            if costs.min() > limit:
                low, high = (amount(float(end), kind) for end in (costs.min(), costs.max()))
                raise Invalid(
                    f"{amount(limit, kind)} is below every network of the space {self.name}",
                    path=("limits", kind),
                    remedy=f"unscaled ones have {low} to {high}",
                )
        return self._but(limits=limits)

    def for_ladder(self, factors: Sequence[float] | None, *, kind: str | None = None) -> Self:
        """For another ladder, or one that counts something else."""
        return self._but(factors=factors, kind=kind or self.kind)

    def with_layout(self, layout: Layout) -> Self:
        """Of other choices, for the same ladder and device."""
        return self._but(layout=layout)

    def _but(self, **changed: Any) -> Self:
        """The same space but for some of what it was made with."""
        names = ("layout", "factors", "kind", "latency", "limits")
        return type(self)(**{name: getattr(self, name) for name in names} | changed)

    @cached_property
    def training(self) -> Self:
        """The space whose paths a supernet trains on; its genes may have fewer choices."""
        return self.with_layout(self.layout.training)

    # Genomes

    @property
    def genes(self) -> tuple[Gene, ...]:
        return self.layout.genes

    @property
    def num_genes(self) -> int:
        return len(self.genes)

    @property
    def smallest(self) -> IntArray:
        """The smallest genome: of every choice, or in macs: (num_genes,)."""
        return self.layout.smallest

    @property
    def largest(self) -> IntArray:
        """The largest genome, likewise: (num_genes,)."""
        return self.layout.largest

    def sample_genomes(self, rng: np.random.Generator, num: int) -> IntArray:
        """Legal genomes as the layout draws them, mostly every gene uniform: (num, num_genes)."""
        return self.layout.sample_genomes(rng, num)

    def repair(self, genomes: IntArray) -> IntArray:
        """The canonical legal genome of each row."""
        return self.layout.repair(genomes)

    def encode(self, running: Architecture) -> IntArray:
        """The genome of a network of the base stage, as a supernet runs it: (num_genes,).

        Of a stand-alone network it is not known where layers were left out.

        Raises:
            ValueError: if it is none, naming a field of the network.
        """
        try:
            genome = self.layout.encode(running)
            if self.path(genome).key != running.key:
                raise ValueError(
                    "resolution, stem, stages, head, in_channels or num_classes: something "
                    "differs that the space fixes, such as a stride or an activation"
                )
        except ValueError as error:
            raise ValueError(f"no network of the space {self.name}: {error}") from None
        return genome

    @property
    def size(self) -> int:
        """Genomes times strategies, before strategies are de-duplicated."""
        return self.layout.num_genomes * sum(self.strategy_counts)

    @property
    def distinct(self) -> int | None:
        """Genomes times distinct strategies; None where copies among genomes are not counted."""
        num = self.layout.num_distinct
        return None if num is None else num * sum(len(rows) for rows in self._strategies.distinct)

    # Strategies

    @property
    def num_stages(self) -> int:
        """Scaling stages, the base stage included."""
        return self._strategies.num_stages

    @property
    def base_triple(self) -> IntArray:
        """The strategy of stage 0: all ratios 1."""
        return self.ratios.base

    def strategies(self, stage: int) -> IntArray:
        """Distinct strategies of a scaling stage: (n, 3) ratio indices.

        Strategies whose ratios realise the same network for every base are one strategy.
        """
        return self._strategies.distinct[stage]

    @property
    def strategy_counts(self) -> tuple[int, ...]:
        """Strategies per scaling stage before de-duplication."""
        return self._strategies.counts

    @property
    def all_strategies(self) -> IntArray:
        """Every combination of all stages' ratios that a uniform draw may give: (n, 3)."""
        return self._strategies.drawn

    def scaling(self, strategy: Sequence[int] | IntArray) -> Scaling:
        """The ratios behind a strategy's indices."""
        return self.ratios.scaling(strategy)

    # Networks

    def path(
        self, genome: Sequence[int] | IntArray, strategy: Sequence[int] | IntArray | None = None
    ) -> Path:
        """Realise a genome under a strategy, by default the base's, as one concrete network.

        Raises:
            ValueError: if they are no choices of this space.
        """
        row = np.asarray(genome, dtype=np.int64)
        num = self.layout.num_choices
        if row.shape != num.shape or (row < 0).any() or (row >= num).any():
            raise ValueError(f"the genome does not fit the genes of the space {self.name}")
        d, w, r = (int(i) for i in (self.base_triple if strategy is None else strategy))
        if any(not 0 <= i < len(axis) for i, axis in zip((d, w, r), self.ratios.axes, strict=True)):
            raise ValueError(f"the strategy does not fit the ratios of the space {self.name}")
        architecture, runs = self.layout.realise(row, self.scaling((d, w, r)))
        return Path(tuple(row.tolist()), (d, w, r), architecture, runs)

    def paths(self, population: Population) -> list[Path]:
        pairs = zip(population.genomes, population.strategies, strict=True)
        return [self.path(genome, strategy) for genome, strategy in pairs]

    @property
    def largest_side(self) -> int:
        return self.layout.largest_side(self.ratios)

    def sides(self, population: Population) -> IntArray:
        """Resolution of every path: (n,)."""
        return self.layout.sides(population, self.ratios)

    def depths(self, population: Population) -> IntArray:
        """Blocks of every path's stand-alone network: (n,)."""
        return self.layout.depths(population, self.ratios)

    def allowed(self, population: Population) -> npt.NDArray[np.bool_]:
        """Which paths' networks keep all limits: (n,)."""
        kept: npt.NDArray[np.bool_] = np.ones(len(population), dtype=bool)
        for kind, limit in self.limits.items():
            kept &= self.costs(population, kind) <= limit
        return kept

    @cached_property
    def shape(self) -> AnyShape:
        """What a supernet of this space must hold.

        Raises:
            ValueError: if there is none.
        """
        return self.layout.shape(self.ratios)

    def with_identity(self, identity: str) -> Self:
        """The same space whose supernet runs layers left out so; stand-alone networks stay.

        Raises:
            ValueError: if there is no such way, or the space leaves no layers out.
        """
        return self.with_layout(self.layout.with_identity(identity))
