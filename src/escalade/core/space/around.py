"""The networks around one network: what a run from a pretrained network searches.

Each is the largest one made smaller: fewer blocks in a stage, a narrower stage, stem or head,
narrower hidden widths and smaller kernels in a block; and at another resolution. Kinds, strides,
activations and all else stay, so that one set of weights, the network's own, holds all of them. A
genome is resolution, stem width, head width, then per stage its width, its depth and, for every
block, its kernel and its expansion.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

import numpy as np

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Rounding, Stage
from escalade.core.network.cost import Counting
from escalade.core.numbers.rounding import make_divisible
from escalade.core.scaling.ratios import Scaling
from escalade.core.space import stage_choices
from escalade.core.space.around_tables import around_tables
from escalade.core.space.layout import Counter, Layout
from escalade.core.space.narrowing import AroundStage, Position, check_end, check_stage
from escalade.core.space.path import Gene, IntArray, Population
from escalade.core.space.plain_network import Plain
from escalade.core.space.price_tables import PriceTables, StageRows
from escalade.core.space.scaling_stages import Ratios
from escalade.core.space.shape import NetworkShape
from escalade.core.space.space_checks import check_genes, check_rising
from escalade.core.space.space_numbers import WholeNumbers
from escalade.core.space.stage_choices import StageColumns
from escalade.core.space.traits import Traits
from escalade.core.values.codec import ABSENT
from escalade.core.values.invalid import Invalid, within

RESOLUTION, STEM, HEAD = 0, 1, 2  # the first genes


@dataclass(frozen=True, kw_only=True)
class Around(Layout):
    """A space of what one network becomes when it is made smaller.

    Attributes:
        whole: the network; its resolution, classes and input channels say nothing.
        stem, head: widths, rising; the last is the whole network's. Without a head's convolution
            there are none, and no gene.
        stages: of the whole network.
    """

    name: str
    whole: Architecture
    resolutions: WholeNumbers
    stem: WholeNumbers
    stages: tuple[AroundStage, ...]
    head: WholeNumbers | None = field(default=None, metadata=ABSENT)
    in_channels: int = 3
    num_classes: int = 1000
    width_divisor: int = 8
    resolution_divisor: int = 1
    description: str = ""
    plain: Plain | None = field(default=None, metadata=ABSENT)

    traits: ClassVar[Traits] = Traits(
        noun="space around a network",
        rises=True,
        usual_step="sandwich",
        member_weights="finetune",
    )

    def check(self) -> None:
        check_rising(self, "resolutions", "stem")
        whole = self.whole
        check_end(self.stem, whole.stem.width, "stem")
        check_end(self.head or (None,), whole.head.width, "head")
        if len(self.stages) != len(whole.stages):
            problem = f"{len(self.stages)}, but the network has {len(whole.stages)}"
            raise Invalid(problem, path=("stages",))
        check_genes((stage.depth.most for stage in self.stages), per_layer=2)
        before, in_width = self.stem, whole.stem.width
        for i, (choices, stage) in enumerate(self._stages):
            with within("stages", i):
                check_stage(choices, stage, in_width=in_width, before=before)
            before, in_width = choices.widths, stage.blocks[-1].width
        for genome in (self.smallest, self.largest):
            _ = self.realise(genome, Scaling())

    @cached_property
    def held(self) -> Architecture:
        """The whole network for the data, at the largest resolution: the largest path."""
        return replace(
            self.whole,
            name=self.name,
            resolution=self.resolutions[-1],
            in_channels=self.in_channels,
            num_classes=self.num_classes,
            rounding=Rounding(width=self.width_divisor, resolution=self.resolution_divisor),
        )

    @cached_property
    def positions(self) -> tuple[tuple[Position, ...], ...]:
        """Every block of the whole network with its choices, stage by stage."""
        found, before, in_width = [], tuple(self.stem), self.whole.stem.width
        for choices, stage in self._stages:
            positions = []
            for k, block in enumerate(stage.blocks):
                widths = self._widths_of(block, choices)
                position = Position(
                    block=block,
                    in_width=in_width,
                    before=before,
                    widths=widths,
                    kernels=choices.kernels_of(block),
                    expansions=choices.expansions_of(block),
                    follows=k > 0,
                )
                positions.append(position)
                before, in_width = widths, block.width
            found.append(tuple(positions))
        return tuple(found)

    # Genomes

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        genes = [Gene("resolution", self.resolutions), Gene("stem.width", self.stem)]
        if self.head:
            genes.append(Gene("head.width", self.head))
        for i, (choices, positions) in enumerate(zip(self.stages, self.positions, strict=True)):
            genes.append(Gene(f"stages[{i}].width", choices.widths))
            genes.append(Gene(f"stages[{i}].depth", choices.depth.numbers))
            for k, position in enumerate(positions):
                genes.append(Gene(f"stages[{i}].kernel[{k}]", position.kernels))
                genes.append(Gene(f"stages[{i}].expansion[{k}]", position.expansions))
        return tuple(genes)

    @cached_property
    def columns(self) -> tuple[StageColumns, ...]:
        """Where the genes of each stage stand: depth, kernels, expansions.

        Its width is just before its depth.
        """
        found, start = [], HEAD + bool(self.head)
        for choices in self.stages:
            first, end = start + 2, start + 2 + 2 * choices.depth.most
            layers = (slice(first, end, 2), slice(first + 1, end, 2))
            found.append(StageColumns(choices.depth.least, start + 1, layers))
            start = end
        return tuple(found)

    @cached_property
    def num_genomes(self) -> int:
        num = len(self.resolutions) * len(self.stem) * len(self.head or (None,))
        for choices, positions in zip(self.stages, self.positions, strict=True):
            num *= sum(
                _num_stages(choices, positions, width) for width in range(len(choices.widths))
            )
        return num

    def canonical(self, genomes: IntArray) -> IntArray:
        """Of expansions that round to the same hidden width the largest; 0 where nothing runs."""
        for positions, at in zip(self.positions, self.columns, strict=True):
            width, where = genomes[:, at.depth - 1], at.layers[1]
            for k, position in enumerate(positions):
                column = where.start + where.step * k
                genomes[:, column] = position.same[width, genomes[:, column]]
        return stage_choices.silence(genomes, self.columns)

    def sample_genomes(self, rng: np.random.Generator, num: int) -> IntArray:
        """Any resolution, and all else rising and falling together: from the least to the whole.

        Were every gene drawn alone, no path would be near the whole network.
        """
        genomes = rng.binomial(self.num_choices - 1, rng.random((num, 1)))
        genomes[:, RESOLUTION] = rng.integers(0, len(self.resolutions), num)
        return self.repair(genomes)

    def sample_spread(self, rng: np.random.Generator, num: int) -> IntArray:
        """The smallest and the largest path, then as `sample`."""
        genomes = self.sample_genomes(rng, num)
        genomes[:2] = np.stack([self.smallest, self.largest])[:num]
        return genomes

    def encode(self, running: Architecture) -> IntArray:
        return stage_choices.encode(self.genes, running, num_stages=len(self.stages))

    # Networks

    def realise(self, genome: IntArray, scaling: Scaling) -> tuple[Architecture, None]:
        held, width, stages = self.held, int(genome[STEM]), []
        for positions, at in zip(self.positions, self.columns, strict=True):
            kernels, expansions = (genome[where] for where in at.layers)
            own, blocks = int(genome[at.depth - 1]), []
            for k in range(at.least + int(genome[at.depth])):
                blocks.append(positions[k].at(width, own, int(kernels[k]), int(expansions[k])))
                width = own
            stages.append(Stage(blocks=tuple(blocks)))
        network = replace(
            held,
            resolution=self.resolutions[genome[RESOLUTION]],
            stem=replace(held.stem, width=self.stem[genome[STEM]]),
            stages=tuple(stages),
            head=replace(held.head, width=self.head[genome[HEAD]] if self.head else None),
        )
        return network, None

    def shape(self, ratios: Ratios) -> NetworkShape:
        return NetworkShape(largest=self.held)

    @property
    def plain_base(self) -> Architecture:
        """The whole network: what one has without a search is it, at a resolution."""
        return self.held

    # Populations

    def sides(self, population: Population, ratios: Ratios) -> IntArray:
        return np.array(self.resolutions)[population.genomes[:, RESOLUTION]]

    def depths(self, population: Population, ratios: Ratios) -> IntArray:
        return stage_choices.depths(self.columns, population.genomes)

    def largest_side(self, ratios: Ratios) -> int:
        return self.resolutions[-1]

    def counter(self, counting: Counting, ratios: Ratios) -> Counter:
        tables = around_tables(
            counting,
            self.held,
            sides=np.array(self.resolutions),
            stem_widths=self.stem,
            stages=self.positions,
            head_widths=self.head or (None,),
        )
        return lambda population: self._sums(tables, population)

    def _sums(self, tables: PriceTables, population: Population) -> IntArray:
        """What every network costs: (n,)."""
        genes, stages = np.ascontiguousarray(population.genomes.T), []
        for positions, at in zip(self.positions, self.columns, strict=True):
            own, depth = genes[at.depth - 1], at.least + genes[at.depth]
            layers = zip(positions, *(genes[where] for where in at.layers), strict=True)
            choices = [
                (own * len(position.kernels) + kernel) * len(position.expansions) + expansion
                for position, kernel, expansion in layers
            ]
            rows = StageRows(
                least=at.least,
                depth=depth,
                scaled=depth,
                widths=own[None],
                choices=np.stack(choices),
            )
            stages.append(rows)
        stem = genes[STEM]
        head = genes[HEAD] if self.head else np.zeros_like(stem)
        return tables.costs(genes[RESOLUTION], stem, stages, head)

    def _widths_of(self, block: Block, choices: AroundStage) -> tuple[int, ...]:
        """A block's width for every choice of its stage's: the same share of its own."""
        whole = choices.widths[-1]
        if block.width == whole:
            return tuple(choices.widths)
        shared = (block.width * width / whole for width in choices.widths[:-1])
        narrower = (make_divisible(width, self.width_divisor) for width in shared)
        return (*(min(width, block.width) for width in narrower), block.width)

    @property
    def _stages(self) -> Iterator[tuple[AroundStage, Stage]]:
        return zip(self.stages, self.whole.stages, strict=True)


def _num_stages(choices: AroundStage, positions: Sequence[Position], width: int) -> int:
    """How many stages there are of a width."""
    each = [len(p.kernels) * len(set(p.same[width].tolist())) for p in positions]
    return sum(math.prod(each[:depth]) for depth in choices.depth.numbers)
