"""RegNets by a handful of numbers: widths follow a quantised linear function of the block.

Designing Network Design Spaces, section 3.3, with the resolution as sixth number (Fast and Accurate
Model Scaling, section 6.1). A genome is depth, w0, wa, wm, group width, resolution, each an index
into its grid. There is no supernet and no scaling stage: networks are trained alone, and larger
ones come from scaling the best (section 6.4).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from escalade.core.network import parts, regnet
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Head, Rounding, Stem
from escalade.core.network.cost import Counting
from escalade.core.network.many import block_prices
from escalade.core.numbers.rounding import conv_side
from escalade.core.numbers.seeds import generator
from escalade.core.scaling.ratios import Scaling
from escalade.core.space.layout import Counter, Layout
from escalade.core.space.path import Gene, IntArray, Population, chunks, values
from escalade.core.space.plain_network import Plain
from escalade.core.space.regnet_stages import Floats, RegNetStages, regnet_stages
from escalade.core.space.scaling_stages import Ratios
from escalade.core.space.space_checks import check_prices, check_stride, check_widths
from escalade.core.space.space_numbers import (
    MOST,
    Numbers,
    Span,
    WholeNumbers,
    too_large,
    too_many,
)
from escalade.core.space.traits import Traits
from escalade.core.values.codec import ABSENT
from escalade.core.values.invalid import Invalid

# Steps of the slope and the width ratio, in which the published networks are written.
WA_STEP, WM_STEP = 0.01, 0.001
MOST_STEPS = 100_000
MOST_STAGES = 16  # each but the first halves the resolution
# Drafts before a space counts as empty, and genomes a draft.
MAX_DRAFTS, DRAFT = 40, 1024
# Steps on the line from an illegal genome to a legal one.
NUM_REPAIRS = 32
NAMES = ("depth", "w0", "wa", "wm", "group_width", "resolution")
LOG_UNIFORM = ("w0", "wa", "wm", "group_width")
FOUR_STAGES = Span(4, 4)

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class QuantisedLinear(Layout):
    """A design space: ranges of the numbers that make a RegNet.

    Attributes:
        block: x, y or z.
        resolutions: choices of the input side.
        depth: blocks, at least and at most.
        w0: width of the first block, in steps of `width_divisor`.
        wa: (least, most) slope of the widths.
        wm: (least, most) ratio of consecutive widths.
        group_widths: choices of the group width.
        stages: networks with fewer or more are no members.
        stem_width, stem_stride: of the first convolution.
        first_stride: of the first stage; the others have 2.
        head_width: of the last 1x1 convolution; None for none.
        width_divisor, resolution_divisor: steps of widths here, and of scaling.
    """

    name: str
    block: regnet.Letter
    resolutions: WholeNumbers
    depth: Span
    w0: Span
    wa: Numbers
    wm: Numbers
    group_widths: WholeNumbers
    stages: Span = FOUR_STAGES
    stem_width: int = 32
    stem_stride: int = 2
    first_stride: int = 2
    head_width: int | None = None
    width_divisor: int = 8
    resolution_divisor: int = 4
    in_channels: int = 3
    num_classes: int = 1000
    description: str = ""
    plain: Plain | None = field(default=None, metadata=ABSENT)

    traits: ClassVar[Traits] = Traits(
        noun="design space", has_supernet=False, member_weights="retrain"
    )

    def check(self) -> None:
        for name, bounds in (("wa", self.wa), ("wm", self.wm)):
            if len(bounds) != 2 or bounds[0] >= bounds[1]:
                raise Invalid("expected [least, most] with least < most", path=(name,))
        if self.wm[0] <= 1:
            raise Invalid(f"{self.wm[0]} is not above 1; widths could not grow", path=("wm",))
        check_widths(self.w0, self.width_divisor, "w0")
        self._check_ranges()
        for name in ("stem_stride", "first_stride"):
            check_stride(getattr(self, name), name)
        for name in ("resolutions", "group_widths"):
            if list(getattr(self, name)) != sorted(getattr(self, name)):
                raise Invalid("list them from small to large", path=(name,))
        stride = self.total_stride(self.stages.least)
        if max(self.resolutions) < stride:
            raise Invalid(
                f"{max(self.resolutions)} is too small for {self.stages.least} stages, whose "
                f"strides multiply to {stride}",
                path=("resolutions",),
            )

    def _check_ranges(self) -> None:
        """Grids and tables of powers that fit into the memory."""
        for name, step in (("wa", WA_STEP), ("wm", WM_STEP)):
            low, high = getattr(self, name)
            if (num := round((high - low) / step)) > MOST_STEPS:
                raise too_many(num, f"steps of {step:g}", MOST_STEPS).inside(name)
        if self.stages.most > MOST_STAGES:
            raise too_large(self.stages.most, MOST_STAGES).inside("stages")
        widest = self.w0.most + self.wa[1] * self.depth.most
        if widest > MOST:
            raise too_large(f"{widest:g} channels", MOST).inside("wa")
        exponents = math.log1p(self.wa[1] * self.depth.most / self.w0.least) / math.log(self.wm[0])
        num = round((1 + exponents) * (1 + (self.wm[1] - self.wm[0]) / WM_STEP))
        check_prices(num, path=("wm",))

    def strides(self, num_stages: int) -> list[int]:
        """Of the stages of a network of so many."""
        return [self.first_stride, *[2] * (num_stages - 1)]

    def total_stride(self, num_stages: int) -> int:
        """The product of all strides of a network of so many stages."""
        return math.prod((self.stem_stride, *self.strides(num_stages)))

    @property
    def stem(self) -> Stem:
        return Stem(width=self.stem_width, stride=self.stem_stride, activation=self.activation)

    @property
    def head(self) -> Head:
        return Head(width=self.head_width, activation=self.activation)

    @property
    def activation(self) -> str:
        return regnet.ACTIVATION[self.block]

    # Genomes

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        return (
            Gene("depth", self.depth.numbers),
            Gene("w0", range(self.w0.least, self.w0.most + 1, self.width_divisor)),
            Gene("wa", _decimals(self.wa, WA_STEP)),
            Gene("wm", _decimals(self.wm, WM_STEP)),
            Gene("group_width", self.group_widths),
            Gene("resolution", self.resolutions),
        )

    @cached_property
    def grids(self) -> dict[str, Floats]:
        return {gene.name: np.array(gene.choices, dtype=np.float64) for gene in self.genes}

    @property
    def num_genomes(self) -> int:
        """Those with too many or too few stages are not taken out."""
        return math.prod(gene.num_choices for gene in self.genes)

    @property
    def num_distinct(self) -> None:
        """Many genomes make the same network; how many networks there are is not counted."""
        return None

    def draw_genomes(self, rng: np.random.Generator, num: int) -> Iterator[IntArray]:
        """Legal genomes, those that are not redrawn.

        Depth and resolution are uniform, the others log-uniform over their range, as published
        sweeps of RegNets draw them.
        """
        found = np.empty((0, len(NAMES)), dtype=np.int64)
        for _ in range(MAX_DRAFTS):
            drawn = self._draw(rng, max(DRAFT, num))
            found = np.concatenate([found, drawn[self.legal(drawn)]])
            if len(found) >= num:
                yield found[:num]
                return
        least, most = self.stages
        raise ValueError(
            f"space {self.name}: hardly any of its networks has {least} to {most} stages; "
            "widen wa or wm, or change stages"
        )

    def _draw(self, rng: np.random.Generator, num: int) -> IntArray:
        columns = []
        for name, grid in self.grids.items():
            shares = rng.random(num)
            if name in LOG_UNIFORM:
                logs = np.log(grid)
                wanted = logs[0] + shares * (logs[-1] - logs[0])
                columns.append(np.searchsorted((logs[1:] + logs[:-1]) / 2, wanted))
            else:
                columns.append((shares * len(grid)).astype(np.int64))
        return np.stack(columns, axis=1)

    def legal(self, genomes: IntArray) -> Mask:
        """Which genomes have stages and pixels enough: (n,)."""
        found = [self._legal(genomes[rows]) for rows in chunks(len(genomes))]
        return np.concatenate(found) if found else np.empty(0, dtype=bool)

    def _legal(self, genomes: IntArray) -> Mask:
        least, most = self.stages
        num = self.stage_arrays(genomes).num_stages
        strides = np.array([self.total_stride(max(1, s)) for s in range(most + 1)])
        inside = (num >= least) & (num <= most)
        pixels = self._values(genomes, "resolution") >= strides[np.minimum(num, most)]
        legal: Mask = inside & pixels
        return legal

    def canonical(self, genomes: IntArray) -> IntArray:
        """The nearest legal genome of each row on the line to a fixed legal one."""
        wrong = np.flatnonzero(~self.legal(genomes))
        start = genomes[wrong]
        for step in range(1, NUM_REPAIRS + 1):
            if not len(wrong):
                break
            share = step / NUM_REPAIRS
            moved = np.rint((1 - share) * start + share * self._anchor).astype(np.int64)
            genomes[wrong] = moved
            left = ~self.legal(moved)
            wrong, start = wrong[left], start[left]
        return genomes

    @cached_property
    def _anchor(self) -> IntArray:
        """A legal genome; which one does not matter, only that it is always the same."""
        anchor: IntArray = self.sample_genomes(generator(0, "anchor", self.name), 1)[0]
        return anchor

    # Networks

    def realise(self, genome: IntArray, scaling: Scaling) -> tuple[Architecture, None]:
        network = regnet.regnet(
            self.block,
            **values(self.genes, genome),
            in_channels=self.in_channels,
            num_classes=self.num_classes,
            stem=self.stem,
            strides=(self.first_stride, 2),
            head=self.head,
            rounding=Rounding(width=self.width_divisor, resolution=self.resolution_divisor),
            name=self.name,
        )
        return network, None

    # Populations

    def sides(self, population: Population, ratios: Ratios) -> IntArray:
        return self._values(population.genomes, "resolution").astype(np.int64)

    def depths(self, population: Population, ratios: Ratios) -> IntArray:
        return self._values(population.genomes, "depth").astype(np.int64)

    def largest_side(self, ratios: Ratios) -> int:
        return max(self.resolutions)

    def counter(self, counting: Counting, ratios: Ratios) -> Counter:
        return lambda population: self._sums(
            counting, self.stage_arrays(population.genomes), self.sides(population, ratios)
        )

    def _sums(self, counting: Counting, stages: RegNetStages, sides: IntArray) -> IntArray:
        """What every network costs by its parts: (n,)."""
        part = parts.stem(self.stem, in_channels=self.in_channels, side=sides, residual=True)
        price, join = counting.price, counting.ufunc
        total: IntArray = np.zeros(len(sides), dtype=np.int64) + price(part)
        in_width, side = np.full(len(sides), self.stem_width), part.after
        for stage, stride in enumerate(self.strides(stages.widths.shape[1])):
            width, depth = stages.widths[:, stage], stages.depths[:, stage]
            more = regnet.block(self.block, width=width, group_width=stages.groups[:, stage])
            first = replace(more, stride=stride)
            there = depth > 0
            join(
                total,
                there * block_prices(price, first, in_width=in_width, side=side),
                out=total,
            )
            in_width = np.where(there, width, in_width)
            side = np.where(there, conv_side(side, stride), side)
            later = block_prices(price, more, in_width=width, side=side)
            join(total, counting.repeated(later, np.maximum(depth - 1, 0)), out=total)
        ends = parts.head(
            self.head, in_width=in_width, num_classes=self.num_classes, side=side, residual=True
        )
        together: IntArray = join(total, counting.of(part for _, part in ends))
        return together

    def stage_arrays(self, genomes: IntArray) -> RegNetStages:
        """Widths, depths and group widths of every network's stages."""
        return regnet_stages(
            depth=self._values(genomes, "depth").astype(np.int64),
            w0=self._values(genomes, "w0").astype(np.int64),
            wa=self._values(genomes, "wa"),
            wm=self._values(genomes, "wm"),
            group_width=self._values(genomes, "group_width").astype(np.int64),
            bottleneck_ratio=regnet.BOTTLENECK_RATIO[self.block],
            step=self.width_divisor,
            most_stages=self.stages.most,
        )

    def _values(self, genomes: IntArray, name: str) -> Floats:
        values: Floats = self.grids[name][genomes[:, NAMES.index(name)]]
        return values


def _decimals(bounds: Numbers, step: float) -> tuple[float, ...]:
    """Decimal numbers from least to most, each the float that its digits are read as."""
    per_unit = round(1 / step)
    first, last = (round(bound * per_unit) for bound in bounds)
    return tuple(number / per_unit for number in range(first, last + 1))
