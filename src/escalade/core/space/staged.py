"""Stages whose kernels are chosen layer by layer, all else by the stage, under strategies.

ScaleNet, section 3.1. A genome is resolution, stem width, then per stage width, expansion, depth
and one kernel gene per layer position; strategies multiply depths, widths and resolution. Depths
are drawn uniformly, as the published stages' mean costs need (docs/explanation/deviations.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head
from escalade.core.network.cost import Counting
from escalade.core.numbers.rounding import make_divisible, round_to, scale_depth
from escalade.core.scaling.ratios import Scaling, with_depth
from escalade.core.space import stage_choices
from escalade.core.space.layout import Counter, Layout
from escalade.core.space.path import Gene, IntArray, Population
from escalade.core.space.plain_network import HandMade, Plain
from escalade.core.space.price_tables import PriceTables, StagedBlocks, StageRows
from escalade.core.space.scaling_stages import ONE, Ratios, Realised, union
from escalade.core.space.shape import SupernetShape
from escalade.core.space.space_checks import check_head, check_side, check_some, check_strategies
from escalade.core.space.space_numbers import WholeNumbers
from escalade.core.space.stage_choices import StageChoices, StageColumns, StemChoices
from escalade.core.space.traits import Traits
from escalade.core.values.codec import ABSENT
from escalade.core.values.invalid import Invalid, within

RESOLUTION, STEM = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid(Ratios):
    """Ratios from which strategies are made for any ladder of budgets.

    A combination belongs to stage j if it multiplies the mean cost of the base networks by
    f_j / f_0, up to a factor of `slack` either way.
    """

    slack: float = 1.25


@dataclass(frozen=True, kw_only=True)
class Staged(Layout):
    """A space of staged networks and strategies that scale them.

    Attributes:
        stem, stages, head: what is searched, and the fixed head.
        scaling: the ratios of every scaling stage; or
        grid: from which strategies are made for a run's ladder.
        shared_kernels: a supernet's layer has one set of weights for all its kernels.
    """

    name: str
    resolutions: WholeNumbers
    stem: StemChoices
    stages: tuple[StageChoices, ...]
    head: Head
    scaling: tuple[Ratios, ...] | None = field(default=None, metadata=ABSENT)
    grid: Grid | None = field(default=None, metadata=ABSENT)
    in_channels: int = 3
    num_classes: int = 1000
    width_divisor: int = 8
    resolution_divisor: int = 1
    shared_kernels: bool = False
    description: str = ""
    plain: Plain | None = field(default=None, metadata=ABSENT)
    bases: tuple[HandMade, ...] = field(default=(), metadata=ABSENT)

    traits: ClassVar[Traits] = Traits(noun="space", scales=True)

    def check(self) -> None:
        if bool(self.scaling) == (self.grid is not None):
            raise Invalid("give either scaling (a list of stages) or grid")
        self._check_scaling()
        with within("stem"):
            self.stem.check(self.width_divisor)
        with within("head"):
            check_head(self.head)
        check_some(self.stages, "stages")
        ratios = union((self.grid,) if self.grid else (self.scaling or (ONE,)))
        settings = len(self.resolutions) * len(ratios.resolution) * len(ratios.width)
        stage_choices.check_sizes(self.stages, self.stem, num_settings=settings)
        before = self.stem.widths
        for i, stage in enumerate(self.stages):
            with within("stages", i):
                stage.check(self.width_divisor, before=before)
            before = stage.widths
        strides = (self.stem.stride, *(stage.stride for stage in self.stages))
        check_side(min(self.resolutions), strides, "resolutions")

    def _check_scaling(self) -> None:
        base = self.grid if self.grid else (self.scaling or (ONE,))[0]
        if any(1.0 not in axis for axis in base.axes):
            path = ("grid",) if self.grid else ("scaling", 0)
            raise Invalid("stage 0 is the base network; its ratios include 1", path=path)
        stages = (self.grid,) if self.grid else (self.scaling or (ONE,))
        for some in (union(stages), *stages):
            check_strategies(some.num, "grid" if self.grid else "scaling")
        check_strategies(sum(some.num for some in stages), "scaling")
        if self.grid is not None and self.grid.slack <= 1:
            raise Invalid(f"{self.grid.slack:g} is not above 1", path=("grid", "slack"))

    # Genomes

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        genes = [Gene("resolution", self.resolutions), Gene("stem.width", self.stem.widths)]
        for i, stage in enumerate(self.stages):
            genes.append(Gene(f"stages[{i}].width", stage.widths))
            genes.append(Gene(f"stages[{i}].expansion", stage.expansions))
            genes.append(Gene(f"stages[{i}].depth", stage.depth.numbers))
            names = (f"stages[{i}].kernel[{k}]" for k in range(stage.depth.most))
            genes.extend(Gene(name, stage.kernels) for name in names)
        return tuple(genes)

    @cached_property
    def columns(self) -> tuple[StageColumns, ...]:
        """Where the genes of each stage stand; width and expansion are just before its depth."""
        found, start = [], STEM + 1
        for stage in self.stages:
            first, end = start + 3, start + 3 + stage.depth.most
            found.append(StageColumns(stage.depth.least, start + 2, (slice(first, end),)))
            start = end
        return tuple(found)

    @property
    def num_genomes(self) -> int:
        return stage_choices.num_genomes(self.genes, self.columns)

    def canonical(self, genomes: IntArray) -> IntArray:
        return stage_choices.silence(genomes, self.columns)

    def encode(self, running: Architecture) -> IntArray:
        return stage_choices.encode(self.genes, running, num_stages=len(self.stages))

    # Scaling

    def stage_ratios(self, factors: tuple[float, ...] | None) -> tuple[Ratios, ...]:
        if self.grid is not None:
            if factors is None:
                raise ValueError(f"{self.name}: its strategies are made for a ladder; give budgets")
            return (ONE, *[self.grid] * (len(factors) - 1))
        assert self.scaling is not None
        if factors and len(factors) > len(self.scaling):
            raise ValueError(
                f"{self.name}: {len(factors)} budgets, but the space has "
                f"{len(self.scaling)} scaling stages"
            )
        return self.scaling[: len(factors)] if factors else self.scaling

    @property
    def slack(self) -> float | None:
        return self.grid.slack if self.grid else None

    def width(self, width: int, ratio: float) -> int:
        return width if ratio == 1 else make_divisible(width * ratio, self.width_divisor)

    def side(self, side: int, ratio: float) -> int:
        return side if ratio == 1 else round_to(side * ratio, self.resolution_divisor)

    def realised(self, ratios: Ratios) -> Realised:
        depths = sorted({d for stage in self.stages for d in stage.depth.numbers})
        widths = sorted({w for stage in self.stages for w in stage.widths} | {*self.stem.widths})
        return (
            [tuple(scale_depth(d, ratio) for d in depths) for ratio in ratios.depth],
            [tuple(self.width(w, ratio) for w in widths) for ratio in ratios.width],
            [tuple(self.side(s, ratio) for s in self.resolutions) for ratio in ratios.resolution],
        )

    # Networks

    def realise(self, genome: IntArray, scaling: Scaling) -> tuple[Architecture, None]:
        pairs = zip(self.stages, self.columns, strict=True)
        network = self.network(
            resolution=self.side(self.resolutions[genome[RESOLUTION]], scaling.resolution),
            stem=self.stem.of(self.width(self.stem.widths[genome[STEM]], scaling.width)),
            stages=[self._blocks_of(stage, at, genome, scaling) for stage, at in pairs],
            head=self.head,
        )
        return network, None

    def _blocks_of(
        self, stage: StageChoices, at: StageColumns, genome: IntArray, scaling: Scaling
    ) -> tuple[Block, ...]:
        width, expansion, more = genome[at.depth - 2 : at.depth + 1]
        kernels = genome[at.layers[0]][: at.least + more]
        blocks = tuple(
            stage.block(
                kernel=stage.kernels[kernel],
                expansion=stage.expansions[expansion],
                width=self.width(stage.widths[width], scaling.width),
                stride=stage.stride if position == 0 else 1,
            )
            for position, kernel in enumerate(kernels)
        )
        return with_depth(blocks, scale_depth(len(blocks), scaling.depth))

    def shape(self, ratios: Ratios) -> SupernetShape:
        """The largest of every choice under the largest of every ratio."""
        depth, width = max(ratios.depth), max(ratios.width)
        stem_width = self.width(max(self.stem.widths), width)
        return SupernetShape(
            in_channels=self.in_channels,
            num_classes=self.num_classes,
            stem=self.stem.of(stem_width),
            head=self.head,
            stages=stage_choices.stage_shapes(
                self.stages,
                stem_width=stem_width,
                depths=[scale_depth(choices.depth.most, depth) for choices in self.stages],
                widths=[self.width(max(choices.widths), width) for choices in self.stages],
            ),
            shared_kernels=self.shared_kernels,
        )

    # Populations

    def sides(self, population: Population, ratios: Ratios) -> IntArray:
        sides = _table(self.side, self.resolutions, ratios.resolution)
        return sides[population.genomes[:, RESOLUTION], population.strategies[:, 2]]

    def depths(self, population: Population, ratios: Ratios) -> IntArray:
        table, ratio = self._depths(ratios), population.strategies[:, 0]
        bases = [at.least + population.genomes[:, at.depth] for at in self.columns]
        depths: IntArray = np.sum([table[base, ratio] for base in bases], axis=0)
        return depths

    def largest_side(self, ratios: Ratios) -> int:
        return max(self.side(side, max(ratios.resolution)) for side in self.resolutions)

    def counter(self, counting: Counting, ratios: Ratios) -> Counter:
        tables, depths = PriceTables.of(self._blocks(ratios), counting), self._depths(ratios)
        return lambda population: self._sums(tables, depths, ratios, population)

    def _blocks(self, ratios: Ratios) -> StagedBlocks:
        """A setting is a resolution, its ratio and a width ratio."""
        sides = _table(self.side, self.resolutions, ratios.resolution)

        def by_setting(widths: WholeNumbers) -> IntArray:
            return np.tile(_table(self.width, widths, ratios.width).T, (sides.size, 1))

        return StagedBlocks(
            in_channels=self.in_channels,
            num_classes=self.num_classes,
            sides=np.repeat(sides.ravel(), len(ratios.width)),
            stem=self.stem.of(0),
            stem_widths=by_setting(self.stem.widths),
            blocks=[stage.every_block for stage in self.stages],
            widths=[by_setting(stage.widths) for stage in self.stages],
            head=self.head,
        )

    def _sums(
        self, tables: PriceTables, depths: IntArray, ratios: Ratios, population: Population
    ) -> IntArray:
        genes = np.ascontiguousarray(population.genomes.T)
        d, w, r = np.ascontiguousarray(population.strategies.T)
        setting = (genes[RESOLUTION] * len(ratios.resolution) + r) * len(ratios.width) + w
        stages = []
        for stage, at in zip(self.stages, self.columns, strict=True):
            width, expansion, more = genes[at.depth - 2 : at.depth + 1]
            kernels, depth = genes[at.layers[0]], at.least + more
            num_kernels, num_expansions = len(stage.kernels), len(stage.expansions)
            choices = kernels * num_expansions
            choices += width * (num_kernels * num_expansions) + expansion
            stages.append(
                StageRows(
                    least=at.least,
                    depth=depth,
                    scaled=depths[depth, d],
                    widths=width[None],
                    choices=choices,
                )
            )
        return tables.costs(setting, genes[STEM], stages, np.zeros_like(setting))

    def _depths(self, ratios: Ratios) -> IntArray:
        """Scaled depths: (base depth from 0, ratio)."""
        bases = range(max(stage.depth.most for stage in self.stages) + 1)
        return _table(lambda base, ratio: base and scale_depth(base, ratio), bases, ratios.depth)


def _table(
    scale: Callable[[int, float], int], sizes: Sequence[int], ratios: Sequence[float]
) -> IntArray:
    """What ratios make of sizes: (size, ratio)."""
    rows = [[scale(size, ratio) for ratio in ratios] for size in sizes]
    return np.array(rows, dtype=np.int64)
