"""Layers that are each one of the same list of blocks, or left out (SCARLET, Table 1).

A genome has one gene a layer, an index into the choices in the file's order. Position decides which
weights run, so every genome is a path of its own, although many leave the same stand-alone network:
`core.space.choice_network`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar, Self

import numpy as np

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import (
    Block,
    Head,
    SqueezeExcite,
    Stem,
)
from escalade.core.network.cost import COUNTINGS, Counting
from escalade.core.network.legality import check_squeezed
from escalade.core.scaling.ratios import Scaling
from escalade.core.space.choice_network import ChoiceNetworks
from escalade.core.space.choice_tables import ChoiceTables, choice_tables
from escalade.core.space.layout import Counter, Layout
from escalade.core.space.path import Gene, IntArray, Population
from escalade.core.space.plain_network import Plain
from escalade.core.space.scaling_stages import Ratios
from escalade.core.space.shape import ChoiceShape, LayerShape
from escalade.core.space.space_checks import (
    check_depth,
    check_expansions,
    check_genes,
    check_head,
    check_names,
    check_odd,
    check_prices,
    check_side,
    check_some,
    check_squeeze,
    check_stride,
    check_widths,
)
from escalade.core.space.space_numbers import MOST_CHOICES, too_many
from escalade.core.space.traits import Traits
from escalade.core.values.codec import ABSENT
from escalade.core.values.invalid import Invalid, check_known, shown, within

IDENTITY = "identity"
# How a supernet runs an identity: as a 1x1 convolution, alone (LET) or with ReLU, or as it is.
IDENTITIES = ("let", "let_relu", "plain")
# A quarter of the hidden width, ReLU, hard sigmoid.
QUARTER = SqueezeExcite()
MOST_SLOW = 25  # each combination is priced alone, which takes so much longer than among many
ODD = "use 3, 5 or 7"


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockChoice:
    """A block of the usual kind that a layer may be (SCARLET, Table 1)."""

    expansion: float
    kernel: int
    se: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstBlock:
    """The separable block after the stem, which is not searched."""

    width: int
    kernel: int = 3
    stride: int = 1
    activation: str = "relu6"

    @property
    def block(self) -> Block:
        return Block.separable(
            self.width, kernel=self.kernel, stride=self.stride, activation=self.activation
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceStage:
    """Layers of one width; the first has the stride."""

    depth: int
    width: int
    stride: int = 1


@dataclass(frozen=True, kw_only=True)
class ChoiceList(Layout):
    """A space whose layers are chosen from one list.

    Attributes:
        resolution: input side of every network.
        stem, first, head: the same in every network.
        choices: what every layer may be, in the order of the genes; `identity` is one of them.
        se: of the choices with squeeze-excitation.
        identity: how a supernet runs an identity, one of `IDENTITIES`.
        folds: layers directly after an identity have no shortcut, so that every transformation
            folds into the next convolution.
        width_divisor: all widths but the head's are multiples of it; scaled ones are, too.
    """

    name: str
    resolution: int
    stem: Stem
    first: FirstBlock
    choices: tuple[str | BlockChoice, ...]
    stages: tuple[ChoiceStage, ...]
    head: Head
    se: SqueezeExcite = QUARTER
    activation: str = "hard_swish"
    identity: str = "let"
    folds: bool = False
    in_channels: int = 3
    num_classes: int = 1000
    width_divisor: int = 8
    resolution_divisor: int = 1
    description: str = ""
    plain: Plain | None = field(default=None, metadata=ABSENT)

    traits: ClassVar[Traits] = Traits(
        noun="choice space",
        shares=False,
        leaves_out=True,
        usual_step="fair",
        member_weights="retrain",
    )

    # What may be

    def check(self) -> None:
        self._check_ends()
        self._check_choices()
        check_names(self, "activation")
        with within("se"):
            self._check_squeeze()
        with within("identity"):
            self._check_identity(self.identity, remedy="use let or plain, or folds: false")
        self._check_stages()
        strides = (self.stem.stride, self.first.stride, *(stage.stride for stage in self.stages))
        check_side(self.resolution, strides, "resolution")

    def _check_ends(self) -> None:
        """Stem, first block and head."""
        for name, part in (("stem", self.stem), ("first", self.first)):
            with within(name):
                check_names(part, "activation")
                check_widths((part.width,), self.width_divisor, "width")
                check_odd((part.kernel,), remedy=ODD)
        if self.stem.max_pool:
            problem = "no network of depthwise blocks has it; leave it out"
            raise Invalid(problem, path=("stem", "max_pool"))
        with within("head"):
            check_head(self.head)
        with within("first"):
            check_stride(self.first.stride)

    def _check_choices(self) -> None:
        if len(self.choices) < 2:
            raise Invalid("expected a list with at least two entries", path=("choices",))
        if len(self.choices) > MOST_CHOICES:
            raise too_many(len(self.choices), "entries", MOST_CHOICES).inside("choices")
        for i, choice in enumerate(self.choices):
            with within("choices", i):
                if isinstance(choice, BlockChoice):
                    check_odd((choice.kernel,), remedy=ODD)
                    check_expansions((choice.expansion,))
                elif choice != IDENTITY:
                    raise Invalid(
                        f"{shown(choice)} is not a choice; write identity, or a block such as "
                        "{expansion: 3, kernel: 5, se: true}"
                    )
                first = self.choices.index(choice)
                if first < i:
                    raise Invalid(f"the same as choices[{first}]; leave one out")

    def _check_squeeze(self) -> None:
        check_squeeze(self.se)
        inputs = [self.first.width, *(stage.width for stage in self.stages[:-1])]
        inputs += [stage.width for stage in self.stages if stage.depth > 1]
        for choice in self.choices:
            if isinstance(choice, BlockChoice) and choice.se:
                check_squeezed(Block(expansion=choice.expansion, width=1, se=self.se), min(inputs))

    def _check_identity(self, identity: str, *, remedy: str) -> None:
        check_known(identity, IDENTITIES)
        if self.folds and identity == "let_relu":
            raise Invalid(
                "let_relu puts a ReLU where identities are to fold, but in the space "
                f"{self.name} all of them fold (folds: true)",
                remedy=remedy,
            )

    def _check_stages(self) -> None:
        check_some(self.stages, "stages")
        widths = {self.first.width, *(stage.width for stage in self.stages)}
        num = sum(stage.depth for stage in self.stages) * 2 * len(widths) * len(self.choices)
        before = self.first.width
        for i, stage in enumerate(self.stages):
            with within("stages", i):
                check_depth(stage.depth)
                check_stride(stage.stride)
                check_widths((stage.width,), self.width_divisor, "width")
                if self.identities and stage.width < before:
                    raise Invalid(
                        f"{stage.width} is below the width before it, {before}; an identity drops "
                        f"no channels, so use {before} or more, or take {IDENTITY} out of choices",
                        path=("width",),
                    )
            before = stage.width
        check_genes(stage.depth for stage in self.stages)
        check_prices(MOST_SLOW * num)

    def with_identity(self, identity: str) -> Self:
        remedy = "use let or plain, or a space that keeps them, as scarlet"
        self._check_identity(identity, remedy=remedy)
        return replace(self, identity=identity)

    # Genomes

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        places = [(i, k) for i, stage in enumerate(self.stages) for k in range(stage.depth)]
        return tuple(Gene(f"stages[{i}].choice[{k}]", self.choices) for i, k in places)

    @property
    def num_genomes(self) -> int:
        num: int = len(self.choices) ** len(self.genes)
        return num

    @cached_property
    def identities(self) -> frozenset[int]:
        """Which choices are the identity: one, or none."""
        return frozenset(i for i, choice in enumerate(self.choices) if choice == IDENTITY)

    @property
    def identity_choices(self) -> frozenset[int] | None:
        return self.identities or None

    @cached_property
    def smallest(self) -> IntArray:
        """The genome of fewest macs: (num_genes,)."""
        return self._macs.end(1)

    @cached_property
    def largest(self) -> IntArray:
        """The genome of most macs: (num_genes,)."""
        return self._macs.end(-1)

    def draw_genomes(self, rng: np.random.Generator, num: int) -> Iterator[IntArray]:
        yield rng.integers(0, len(self.choices), (num, len(self.genes)))

    def sample_spread(self, rng: np.random.Generator, num: int) -> IntArray:
        """The first two are the smallest and the largest path.

        Every gene is uniform, but the genes of a network rise and fall together in what their
        choices cost, so that costs reach over the whole range.
        """
        level, shape = rng.random((num, 1)), (num, len(self.genes))
        ranks = rng.binomial(len(self.choices) - 1, np.broadcast_to(level, shape))
        genomes = np.take_along_axis(self._macs.order, ranks.T, axis=1).T
        genomes[:2] = np.stack([self.smallest, self.largest])[:num]
        return genomes

    def encode(self, running: Architecture) -> IntArray:
        return np.array(self.networks.shape.choices_of(running), dtype=np.int64)

    # Networks

    @cached_property
    def networks(self) -> ChoiceNetworks:
        """What the choices of a layer make."""
        return ChoiceNetworks(shape=self._shape(), identities=self.identities, folds=self.folds)

    def _shape(self) -> ChoiceShape:
        stages, in_width = [], self.first.width
        for stage in self.stages:
            layers = []
            for position in range(stage.depth):
                stride = stage.stride if position == 0 else 1
                blocks = tuple(self._block(each, stage.width, stride) for each in self.choices)
                layers.append(
                    LayerShape(in_width=in_width, width=stage.width, stride=stride, blocks=blocks)
                )
                in_width = stage.width
            stages.append(tuple(layers))
        return ChoiceShape(
            in_channels=self.in_channels,
            num_classes=self.num_classes,
            stem=self.stem,
            first=self.first.block,
            stages=tuple(stages),
            head=self.head,
        )

    def _block(self, choice: str | BlockChoice, width: int, stride: int) -> Block:
        """A choice as the supernet runs it."""
        if isinstance(choice, BlockChoice):
            return Block(
                kernel=choice.kernel,
                stride=stride,
                expansion=choice.expansion,
                width=width,
                se=self.se if choice.se else None,
                activation=self.activation,
            )
        if self.identity == "plain":
            return Block.identity(width, stride=stride)
        activation = "relu" if self.identity == "let_relu" else "none"
        return Block.linear(width, stride=stride, activation=activation)

    def shape(self, ratios: Ratios) -> ChoiceShape:
        """Every choice of every layer."""
        return self.networks.shape

    def realise(self, genome: IntArray, scaling: Scaling) -> tuple[Architecture, Architecture]:
        genes = genome.tolist()
        standalone = self._network(self.networks.standalone(genes))
        return standalone, self._network(self.networks.running(genes))

    @property
    def middle(self) -> Architecture:
        """Every layer the plainest block of the list, of those the middle one in expansion."""
        blocks = [
            (choice.se, choice.kernel, choice.expansion, i)
            for i, choice in enumerate(self.choices)
            if isinstance(choice, BlockChoice)
        ]
        plainest = sorted(each for each in blocks if each[:2] == min(blocks)[:2])
        *_, gene = plainest[(len(plainest) - 1) // 2]
        return self.realise(np.full(len(self.genes), gene), Scaling())[0]

    def _network(self, stages: Sequence[Sequence[Block]]) -> Architecture:
        return self.network(
            resolution=self.resolution,
            stem=self.stem,
            stages=((self.first.block,), *stages),
            head=self.head,
        )

    # Populations

    def sides(self, population: Population, ratios: Ratios) -> IntArray:
        return np.full(len(population), self.resolution)

    def depths(self, population: Population, ratios: Ratios) -> IntArray:
        pools = np.array([layer.stride > 1 for *_, layer in self.networks.shape.layers])
        left = pools | ~np.isin(population.genomes, list(self.identities))
        depths: IntArray = 1 + left.sum(axis=1)
        return depths

    def largest_side(self, ratios: Ratios) -> int:
        return self.resolution

    @cached_property
    def _macs(self) -> ChoiceTables:
        return choice_tables(self.networks, self.resolution, COUNTINGS["macs"])

    def counter(self, counting: Counting, ratios: Ratios) -> Counter:
        tables = choice_tables(self.networks, self.resolution, counting)
        return lambda population: tables.costs(population.genomes)
