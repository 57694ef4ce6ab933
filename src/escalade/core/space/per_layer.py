"""Stages whose layers choose width and kernel alone: one supernet, no scaling strategies.

BigNAS, section 4.1. Resolution is a choice of the network, depth of the stage, width, kernel and
(where a stage has several) expansion of the layer. A genome is resolution, stem width, head width,
then per stage its depth and, for every position that a layer may stand at, those of the layer.
Choices rise, so a larger gene is a larger network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head
from escalade.core.network.cost import Counting
from escalade.core.scaling.ratios import Scaling
from escalade.core.space import stage_choices
from escalade.core.space.layout import Counter, Layout
from escalade.core.space.path import Gene, IntArray, Population
from escalade.core.space.plain_network import Plain
from escalade.core.space.price_tables import PriceTables, StagedBlocks, StageRows
from escalade.core.space.scaling_stages import Ratios
from escalade.core.space.shape import SupernetShape
from escalade.core.space.space_checks import (
    check_names,
    check_odd,
    check_rising,
    check_side,
    check_some,
)
from escalade.core.space.space_numbers import MOST_CHOICES, WholeNumbers, too_many
from escalade.core.space.stage_choices import StageChoices, StageColumns, StemChoices
from escalade.core.space.traits import Traits
from escalade.core.values.codec import ABSENT
from escalade.core.values.invalid import within

KERNELS = WholeNumbers((3, 5))
NESTED = "a smaller kernel is the centre of the largest, so all are odd, such as [3, 5]"
RESOLUTION, STEM, HEAD = 0, 1, 2


@dataclass(frozen=True, kw_only=True)
class LayerStage(StageChoices):
    """Choices of one stage: `depth` is of the stage, the lists are for each of its layers.

    `transition` gives its blocks a shortcut also where stride or width change the shape (BigNAS,
    section 3.1).
    """

    kernels: WholeNumbers = KERNELS
    transition: bool = False

    @property
    def layer_widths(self) -> bool:
        return len(self.widths) > 1

    def check(self, divisor: int, *, before: Sequence[int]) -> None:
        check_odd(self.kernels, "kernels", remedy=NESTED)
        StageChoices.check(self, divisor, before=before)
        check_rising(self, "widths", "expansions", "kernels")


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadChoices:
    """Choices of the 1x1 convolution before pooling."""

    widths: WholeNumbers
    activation: str = "hard_swish"

    def of(self, width: int) -> Head:
        """The head of that width."""
        return Head(width=width, activation=self.activation)


@dataclass(frozen=True, kw_only=True)
class PerLayer(Layout):
    """A space of staged networks whose layers choose width and kernel alone.

    Attributes:
        resolutions: input sides that the supernet trains on.
        selection_step: a selection may also take every side between the smallest and the largest
            of them, in these steps from the smallest; None for none.
        stem, stages, head: what is searched; every list of choices rises.
        width_divisor: the stem's and the stages' widths are multiples of it.
        resolution_divisor: scaled resolutions are; the choices need not be.
    """

    name: str
    resolutions: WholeNumbers
    selection_step: int | None = None
    stem: StemChoices
    stages: tuple[LayerStage, ...]
    head: HeadChoices
    in_channels: int = 3
    num_classes: int = 1000
    width_divisor: int = 8
    resolution_divisor: int = 1
    description: str = ""
    plain: Plain | None = field(default=None, metadata=ABSENT)

    traits: ClassVar[Traits] = Traits(noun="per-layer space", rises=True)

    def check(self) -> None:
        check_rising(self, "resolutions")
        with within("stem"):
            self.stem.check(self.width_divisor)
            check_rising(self.stem, "widths")
        with within("head"):
            check_names(self.head, "activation")
            check_rising(self.head, "widths")
        check_some(self.stages, "stages")
        if self.selection_step is not None:
            sides = (self.resolutions[-1] - self.resolutions[0]) // self.selection_step
            if sides > MOST_CHOICES:
                raise too_many(sides, "resolutions", MOST_CHOICES).inside("selection_step")
        stage_choices.check_sizes(
            self.stages,
            self.stem,
            num_settings=len(self.choosable) * len(self.head.widths),
            per_layer=3 if any(len(stage.expansions) > 1 for stage in self.stages) else 2,
        )
        before = self.stem.widths
        for i, stage in enumerate(self.stages):
            with within("stages", i):
                stage.check(self.width_divisor, before=before)
            before = stage.widths
        strides = (self.stem.stride, *(stage.stride for stage in self.stages))
        check_side(self.resolutions[0], strides, "resolutions")

    # Genomes

    @cached_property
    def choosable(self) -> tuple[int, ...]:
        """Resolutions that a selection may take, rising."""
        if self.selection_step is None:
            return self.resolutions
        low, high = self.resolutions[0], self.resolutions[-1]
        return tuple(sorted({*self.resolutions, *range(low, high + 1, self.selection_step)}))

    @property
    def training(self) -> Self:
        """The choices with the resolutions that a supernet trains on; their gene counts those."""
        return replace(self, selection_step=None)

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        genes = [
            Gene("resolution", self.choosable),
            Gene("stem.width", self.stem.widths),
            Gene("head.width", self.head.widths),
        ]
        for i, stage in enumerate(self.stages):
            genes.append(Gene(f"stages[{i}].depth", stage.depth.numbers))
            for k in range(stage.depth.most):
                genes.append(Gene(f"stages[{i}].width[{k}]", stage.widths))
                genes.append(Gene(f"stages[{i}].kernel[{k}]", stage.kernels))
                if len(stage.expansions) > 1:
                    genes.append(Gene(f"stages[{i}].expansion[{k}]", stage.expansions))
        return tuple(genes)

    @cached_property
    def columns(self) -> tuple[StageColumns, ...]:
        """Where the genes of each stage stand: widths, kernels and, with a choice, expansions."""
        found, start = [], HEAD + 1
        for stage in self.stages:
            step = 2 + (len(stage.expansions) > 1)
            end = start + 1 + step * stage.depth.most
            layers = tuple(slice(start + 1 + i, end, step) for i in range(step))
            found.append(StageColumns(stage.depth.least, start, layers))
            start = end
        return tuple(found)

    @property
    def num_genomes(self) -> int:
        return stage_choices.num_genomes(self.genes, self.columns)

    def canonical(self, genomes: IntArray) -> IntArray:
        return stage_choices.silence(genomes, self.columns)

    def sample_spread(self, rng: np.random.Generator, num: int) -> IntArray:
        """The first two are the smallest and the largest path.

        Every gene is uniform before repair, but the genes of a network rise and fall together, so
        that costs reach over the whole range.
        """
        level = rng.random((num, 1))
        genomes = rng.binomial(self.num_choices - 1, level)
        genomes[:2] = np.stack([self.smallest, self.largest])[:num]
        return self.repair(genomes)

    def encode(self, running: Architecture) -> IntArray:
        return stage_choices.encode(self.genes, running, num_stages=len(self.stages))

    # Networks

    def realise(self, genome: IntArray, scaling: Scaling) -> tuple[Architecture, None]:
        pairs = zip(self.stages, self.columns, strict=True)
        network = self.network(
            resolution=self.choosable[genome[RESOLUTION]],
            stem=self.stem.of(self.stem.widths[genome[STEM]]),
            stages=[_blocks_of(stage, at, genome) for stage, at in pairs],
            head=self.head.of(self.head.widths[genome[HEAD]]),
        )
        return network, None

    def shape(self, ratios: Ratios) -> SupernetShape:
        """The largest of every choice; kernels are cropped at the centre (BigNAS, section 4.1)."""
        stem_width = self.stem.widths[-1]
        return SupernetShape(
            in_channels=self.in_channels,
            num_classes=self.num_classes,
            stem=self.stem.of(stem_width),
            head=self.head.of(self.head.widths[-1]),
            stages=stage_choices.stage_shapes(
                self.stages,
                stem_width=stem_width,
                depths=[stage.depth.most for stage in self.stages],
                widths=[stage.widths[-1] for stage in self.stages],
            ),
            shared_kernels=True,
        )

    # Populations

    def sides(self, population: Population, ratios: Ratios) -> IntArray:
        return np.array(self.choosable)[population.genomes[:, RESOLUTION]]

    def depths(self, population: Population, ratios: Ratios) -> IntArray:
        return stage_choices.depths(self.columns, population.genomes)

    def largest_side(self, ratios: Ratios) -> int:
        return self.choosable[-1]

    def counter(self, counting: Counting, ratios: Ratios) -> Counter:
        tables = PriceTables.of(self._blocks(), counting)
        return lambda population: self._sums(tables, population.genomes)

    def _blocks(self) -> StagedBlocks:
        """A setting is a resolution."""
        head_widths: Any = np.array(self.head.widths)
        return StagedBlocks(
            in_channels=self.in_channels,
            num_classes=self.num_classes,
            sides=np.array(self.choosable),
            stem=self.stem.of(0),
            stem_widths=np.array([self.stem.widths]),
            blocks=[stage.every_block for stage in self.stages],
            widths=[np.array([stage.widths]) for stage in self.stages],
            head=self.head.of(head_widths),
        )

    def _sums(self, tables: PriceTables, genomes: IntArray) -> IntArray:
        genes, stages = np.ascontiguousarray(genomes.T), []
        for stage, at in zip(self.stages, self.columns, strict=True):
            widths, kernels, *rest = (genes[where] for where in at.layers)
            choices = (widths * len(stage.kernels) + kernels) * len(stage.expansions)
            depth = at.least + genes[at.depth]
            stages.append(
                StageRows(
                    least=at.least,
                    depth=depth,
                    scaled=depth,
                    widths=widths,
                    choices=choices + sum(rest),
                )
            )
        return tables.costs(genes[RESOLUTION], genes[STEM], stages, genes[HEAD])


def _blocks_of(stage: LayerStage, at: StageColumns, genome: IntArray) -> Iterator[Block]:
    widths, kernels, *rest = (genome[where] for where in at.layers)
    expansions = rest[0] if rest else np.zeros_like(widths)
    for position in range(at.least + int(genome[at.depth])):
        yield stage.block(
            kernel=stage.kernels[kernels[position]],
            expansion=stage.expansions[expansions[position]],
            width=stage.widths[widths[position]],
            stride=stage.stride if position == 0 else 1,
        )
