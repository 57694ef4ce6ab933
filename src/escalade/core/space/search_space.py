"""The search space: base choices and, per scaling stage, scaling strategies.

A genome is an integer vector: resolution, stem width, then per stage width, expansion, depth and
one kernel gene per layer position. A strategy is a triple of indices into the unions of depth,
width and resolution ratios. The space decides legality once: layers beyond a stage's depth are
identities, and `repair` sets their genes to 0, so equal networks have equal genomes and equal
weights. Depths are drawn uniformly, as the published stages' mean costs need (docs/deviations.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from escalade.core.numbers.rounding import make_divisible, round_to
from escalade.core.scaling.ratios import Scaling
from escalade.core.space import space_network
from escalade.core.space.choices import Ratios, SpaceData
from escalade.core.space.laddered import Laddered, pricing
from escalade.core.space.path import Gene, Path
from escalade.core.space.population import IntArray, Population
from escalade.core.space.population_cost import (
    population_costs,
    population_depths,
    population_sides,
    population_tables,
)
from escalade.core.space.price_tables import PriceTables
from escalade.core.space.shape import SupernetShape
from escalade.core.space.strategies import distinct_rows, generate, product, unions
from escalade.core.space.traits import Traits

if TYPE_CHECKING:
    from escalade.core.latency.latency_table import LatencyTable


class SearchSpace(Laddered[SpaceData]):
    """A ScaleNet search space (section 3.1) over staged networks of depthwise blocks.

    Args:
        data, latency: as for `Laddered`.
        factors: the ladder f_j / f_0; needed by spaces with a grid of ratios.
        kind: what the ladder counts; strategies made from a grid multiply that.
    """

    traits = Traits(noun="space", scales=True, steps=("single_path", "sandwich"))

    def __init__(
        self,
        data: SpaceData,
        *,
        factors: Sequence[float] | None = None,
        kind: str = "macs",
        latency: LatencyTable | None = None,
    ) -> None:
        super().__init__(data, factors=factors, kind=kind, latency=latency)
        if data.grid is not None and self.factors is None:
            raise ValueError(f"{data.name}: its strategies are made for a ladder; give budgets")
        if data.scaling and self.factors and len(self.factors) > len(data.scaling):
            raise ValueError(
                f"{data.name}: {len(self.factors)} budgets, but the space has "
                f"{len(data.scaling)} scaling stages"
            )
        ratios = self._stage_ratios()
        self.depth_ratios, self.width_ratios, self.resolution_ratios = unions(ratios)
        self._ratios = ratios

    def _stage_ratios(self) -> tuple[Ratios, ...]:
        grid = self.data.grid
        if grid is None:
            return self.data.scaling[: len(self.factors)] if self.factors else self.data.scaling
        assert self.factors is not None
        one = Ratios(depth=(1.0,), width=(1.0,), resolution=(1.0,))
        full = Ratios(depth=grid.depth, width=grid.width, resolution=grid.resolution)
        return (one, *[full] * (len(self.factors) - 1))

    @property
    def num_stages(self) -> int:
        """Scaling stages, the base stage included: M + 1."""
        return len(self._ratios)

    # Genomes

    identity_choices = None

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        genes = [
            Gene("resolution", self.data.resolutions),
            Gene("stem.width", self.data.stem.widths),
        ]
        for i, stage in enumerate(self.data.stages):
            genes.append(Gene(f"stages[{i}].width", stage.widths))
            genes.append(Gene(f"stages[{i}].expansion", stage.expansions))
            genes.append(Gene(f"stages[{i}].depth", range(stage.depth[0], stage.depth[1] + 1)))
            names = (f"stages[{i}].kernel[{k}]" for k in range(stage.depth[1]))
            genes.extend(Gene(name, stage.kernels) for name in names)
        return tuple(genes)

    @property
    def num_genes(self) -> int:
        return len(self.genes)

    @cached_property
    def _num_choices(self) -> IntArray:
        return np.array([gene.num_choices for gene in self.genes])

    @cached_property
    def kernel_columns(self) -> tuple[slice, ...]:
        """Columns of each stage's kernel genes; width, expansion, depth stand just before them."""
        columns, start = [], 2
        for stage in self.data.stages:
            columns.append(slice(start + 3, start + 3 + stage.depth[1]))
            start += 3 + stage.depth[1]
        return tuple(columns)

    def sample_spread(self, rng: np.random.Generator, num: int) -> IntArray:
        """Legal genomes, every gene uniform; strategies reach over the range of costs."""
        return self.sample_genomes(rng, num)

    @property
    def smallest(self) -> IntArray:
        """The genome with the smallest of every choice: (num_genes,)."""
        raw = np.array([gene.choices.index(min(gene.choices)) for gene in self.genes])
        genome: IntArray = self.repair(raw[None])[0]
        return genome

    @property
    def largest(self) -> IntArray:
        """The genome with the largest of every choice: (num_genes,)."""
        return np.array([gene.choices.index(max(gene.choices)) for gene in self.genes])

    def sample_genomes(self, rng: np.random.Generator, num: int) -> IntArray:
        """Legal genomes, every gene uniform before repair: (num, num_genes)."""
        drawn = rng.random((num, self.num_genes)) * self._num_choices
        return self.repair(drawn.astype(np.int64))

    def repair(self, genomes: IntArray) -> IntArray:
        """The canonical legal genome of each row: genes of layers that do not run are 0."""
        repaired: IntArray = np.clip(genomes, 0, self._num_choices - 1).astype(np.int64)
        for stage, columns in zip(self.data.stages, self.kernel_columns, strict=True):
            depth = stage.depth[0] + repaired[:, columns.start - 1, None]
            repaired[:, columns] *= np.arange(stage.depth[1]) < depth
        return repaired

    def kernels(self, genomes: IntArray, stage: int) -> IntArray:
        """Kernel sizes (n, most layers) of a stage's base layers, 0 where there is none."""
        choices, columns = self.data.stages[stage], self.kernel_columns[stage]
        depth = choices.depth[0] + genomes[:, columns.start - 1, None]
        runs = np.arange(choices.depth[1]) < depth
        kernels: IntArray = np.array(choices.kernels)[genomes[:, columns]] * runs
        return kernels

    # Strategies

    @cached_property
    def _strategies(self) -> tuple[IntArray, ...]:
        if self.data.grid is not None:
            return generate(self, slack=self.data.grid.slack)
        return tuple(distinct_rows(self, product(self, ratios)) for ratios in self._ratios)

    def strategies(self, stage: int) -> IntArray:
        """Distinct strategies of a scaling stage: (n, 3) ratio indices.

        Strategies whose ratios realise the same network for every base are one strategy.
        """
        return self._strategies[stage]

    @cached_property
    def strategy_counts(self) -> tuple[int, ...]:
        """Strategies per scaling stage before de-duplication."""
        if self.data.grid is not None:
            return tuple(len(rows) for rows in self._strategies)
        return tuple(len(product(self, ratios)) for ratios in self._ratios)

    @cached_property
    def all_strategies(self) -> IntArray:
        """Every combination of the unions that a uniform draw may give (docs/deviations.md).

        In a space with a grid, combinations above its largest strategy's cost are left out.
        """
        if self.data.grid is not None:
            return generate(self, slack=self.data.grid.slack, union=True)[0]
        depth, width, resolution = self.depth_ratios, self.width_ratios, self.resolution_ratios
        return product(self, Ratios(depth=depth, width=width, resolution=resolution))

    @property
    def base_triple(self) -> IntArray:
        """The strategy of stage 0: all ratios 1."""
        ratios = (self.depth_ratios, self.width_ratios, self.resolution_ratios)
        return np.array([union.index(1.0) for union in ratios])

    def scaling(self, strategy: Sequence[int] | IntArray) -> Scaling:
        """The ratios behind a strategy's indices."""
        d, w, r = (int(i) for i in strategy)
        return Scaling(self.depth_ratios[d], self.width_ratios[w], self.resolution_ratios[r])

    @cached_property
    def num_genomes(self) -> int:
        """Legal (canonical) genomes, an exact integer."""
        num = len(self.data.resolutions) * len(self.data.stem.widths)
        for stage in self.data.stages:
            least, most = stage.depth
            sequences = sum(len(stage.kernels) ** depth for depth in range(least, most + 1))
            num *= len(stage.widths) * len(stage.expansions) * sequences
        return num

    @property
    def size(self) -> int:
        """Genomes times strategies, before strategies are de-duplicated."""
        return self.num_genomes * sum(self.strategy_counts)

    @property
    def distinct(self) -> int:
        """Genomes times distinct strategies."""
        return self.num_genomes * sum(len(self.strategies(j)) for j in range(self.num_stages))

    # Realisation

    def scaled_width(self, width: int, ratio: float) -> int:
        return width if ratio == 1 else make_divisible(width * ratio, self.data.width_divisor)

    def scaled_resolution(self, resolution: int, ratio: float) -> int:
        divisor = self.data.resolution_divisor
        return resolution if ratio == 1 else round_to(resolution * ratio, divisor)

    def path(
        self, genome: Sequence[int] | IntArray, strategy: Sequence[int] | IntArray | None = None
    ) -> Path:
        """Realise a genome under a strategy, by default the base's, as one concrete network."""
        row = np.asarray(genome, dtype=np.int64)
        strategy = self.base_triple if strategy is None else strategy
        architecture = space_network.architecture(self, row, self.scaling(strategy))
        d, w, r = (int(i) for i in strategy)
        return Path(tuple(int(gene) for gene in row), (d, w, r), architecture)

    def paths(self, population: Population) -> list[Path]:
        """Realise a whole population."""
        return [
            self.path(genome, strategy)
            for genome, strategy in zip(population.genomes, population.strategies, strict=True)
        ]

    @property
    def largest_side(self) -> int:
        """The largest resolution of any path."""
        ratio = max(self.resolution_ratios)
        return max(self.scaled_resolution(side, ratio) for side in self.data.resolutions)

    def sides(self, population: Population) -> IntArray:
        """Resolution of every path: (n,)."""
        return population_sides(self, population)

    def depths(self, population: Population) -> IntArray:
        """Blocks of every path: (n,)."""
        return population_depths(self, population)

    def costs(self, population: Population, kind: str = "macs") -> npt.NDArray[Any]:
        """Macs, params or activations of every path, exactly as `cost.of` counts them: (n,).

        Of kind latency, predicted seconds, exactly as the table predicts each network.

        Raises:
            ValueError: for latency without a table.
        """
        price, total = pricing(kind, self.latency, space=self.name)
        if kind not in self._tables:
            self._tables[kind] = population_tables(self, price)
        return total(population_costs(self, self._tables[kind], population))

    @cached_property
    def _tables(self) -> dict[str, PriceTables]:
        """By kind of cost, those made so far."""
        return {}

    @cached_property
    def shape(self) -> SupernetShape:
        """What a supernet of this space must hold: the largest of everything."""
        return space_network.supernet_shape(self)
