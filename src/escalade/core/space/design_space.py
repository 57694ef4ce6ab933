"""A design space: RegNets by a handful of numbers, as genomes over grids of them.

Designing Network Design Spaces, section 3.3, with the resolution as sixth number (Fast and Accurate
Model Scaling, section 6.1). A genome is an integer vector: depth, w0, wa, wm, group width,
resolution, each an index into its grid. There is no supernet and no scaling stage: networks are
trained alone, and larger ones come from scaling the best (section 6.4).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Head, Rounding, Stem
from escalade.core.network.regnet import regnet
from escalade.core.numbers.seeds import generator
from escalade.core.space.design_choices import DesignData, total_stride
from escalade.core.space.design_cost import design_costs
from escalade.core.space.design_shapes import Floats, Shapes, shapes
from escalade.core.space.laddered import pricing
from escalade.core.space.path_space import Gene, Path
from escalade.core.space.population import IntArray, Population

if TYPE_CHECKING:
    from escalade.core.latency.latency_table import LatencyTable

# Steps of the slope and the width ratio, in which the published networks are written.
WA_STEP, WM_STEP = 0.01, 0.001
# Drafts before a space counts as empty, and genomes a draft.
MAX_DRAFTS, DRAFT = 40, 1024
# Steps on the line from an illegal genome to a legal one.
NUM_REPAIRS = 32
NAMES = ("depth", "w0", "wa", "wm", "group_width", "resolution")
LOG_UNIFORM = ("w0", "wa", "wm", "group_width")

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """The six numbers of one RegNet."""

    depth: int
    w0: int
    wa: float
    wm: float
    group_width: int
    resolution: int


class DesignSpace:
    """Genomes of RegNets, and the networks they stand for.

    Args:
        data: the ranges, as a file has them.
        latency: predicts its networks' latency, if budgets are latencies.

    Raises:
        ValueError: if no network of these ranges has as many stages as the file says.
    """

    def __init__(self, data: DesignData, *, latency: LatencyTable | None = None) -> None:
        self.data = data
        self.latency = latency

    @property
    def name(self) -> str:
        return self.data.name

    @property
    def in_channels(self) -> int:
        return self.data.in_channels

    @property
    def num_classes(self) -> int:
        return self.data.num_classes

    def with_data(self, *, in_channels: int, num_classes: int) -> DesignSpace:
        """The same space for other images and classes."""
        for_data = replace(self.data, in_channels=in_channels, num_classes=num_classes)
        return DesignSpace(for_data, latency=self.latency)

    def with_latency(self, table: LatencyTable) -> DesignSpace:
        """The same space with a table of its networks' latencies."""
        return DesignSpace(self.data, latency=table)

    # Genomes

    @cached_property
    def grids(self) -> dict[str, Floats]:
        """The values of every gene, rising."""
        data = self.data
        return {
            "depth": np.arange(data.depth[0], data.depth[1] + 1, dtype=np.float64),
            "w0": np.arange(data.w0[0], data.w0[1] + 1, data.width_divisor, dtype=np.float64),
            "wa": _decimals(data.wa, WA_STEP),
            "wm": _decimals(data.wm, WM_STEP),
            "group_width": np.array(data.group_widths, dtype=np.float64),
            "resolution": np.array(data.resolutions, dtype=np.float64),
        }

    @cached_property
    def genes(self) -> tuple[Gene, ...]:
        return tuple(Gene(name, len(self.grids[name])) for name in NAMES)

    @property
    def num_genes(self) -> int:
        return len(NAMES)

    @property
    def size(self) -> int:
        """Genomes, an exact integer; those with too many or too few stages are not taken out."""
        return math.prod(gene.num_choices for gene in self.genes)

    def sample_genomes(self, rng: np.random.Generator, num: int) -> IntArray:
        """Legal genomes, those that are not redrawn: (num, num_genes).

        Depth and resolution are uniform, the others log-uniform over their range, as published
        sweeps of RegNets draw them.
        """
        found = np.empty((0, self.num_genes), dtype=np.int64)
        for _ in range(MAX_DRAFTS):
            drawn = self._draw(rng, max(DRAFT, num))
            found = np.concatenate([found, drawn[self.legal(drawn)]])
            if len(found) >= num:
                return found[:num]
        least, most = self.data.stages
        raise ValueError(
            f"space {self.name}: hardly any of its networks has {least} to {most} stages; "
            "widen wa or wm, or change stages"
        )

    def _draw(self, rng: np.random.Generator, num: int) -> IntArray:
        columns = []
        for name in NAMES:
            grid, shares = self.grids[name], rng.random(num)
            if name in LOG_UNIFORM:
                logs = np.log(grid)
                wanted = logs[0] + shares * (logs[-1] - logs[0])
                columns.append(np.searchsorted((logs[1:] + logs[:-1]) / 2, wanted))
            else:
                columns.append((shares * len(grid)).astype(np.int64))
        return np.stack(columns, axis=1)

    def legal(self, genomes: IntArray) -> Mask:
        """Which genomes have stages and pixels enough: (n,)."""
        least, most = self.data.stages
        num = self.shapes(genomes).num_stages
        strides = np.array([total_stride(self.data, max(1, s)) for s in range(most + 1)])
        inside = (num >= least) & (num <= most)
        pixels = self._values(genomes, "resolution") >= strides[np.minimum(num, most)]
        legal: Mask = inside & pixels
        return legal

    def repair(self, genomes: IntArray) -> IntArray:
        """The nearest legal genome of each row on the line to a fixed legal one.

        Legal rows stay as they are.
        """
        high = np.array([gene.num_choices for gene in self.genes]) - 1
        repaired: IntArray = np.clip(genomes, 0, high).astype(np.int64)
        wrong = np.flatnonzero(~self.legal(repaired))
        start = repaired[wrong]
        for step in range(1, NUM_REPAIRS + 1):
            if not len(wrong):
                break
            share = step / NUM_REPAIRS
            moved = np.rint((1 - share) * start + share * self._anchor).astype(np.int64)
            repaired[wrong] = moved
            left = ~self.legal(moved)
            wrong, start = wrong[left], start[left]
        return repaired

    @cached_property
    def _anchor(self) -> IntArray:
        """A legal genome; which one does not matter, only that it is always the same."""
        anchor: IntArray = self.sample_genomes(generator(0, "anchor", self.name), 1)[0]
        return anchor

    def encode(self, parameters: Parameters) -> tuple[int, ...]:
        """The genome of six numbers.

        Raises:
            ValueError: for a number that is not on its grid.
        """
        genome = []
        for name in NAMES:
            value, grid = float(getattr(parameters, name)), self.grids[name]
            index = int(np.abs(grid - value).argmin())
            if not math.isclose(grid[index], value):
                raise ValueError(
                    f"space {self.name}: {name} {value:g} is not on its grid, {grid[0]:g} to "
                    f"{grid[-1]:g}; nearest is {grid[index]:g}"
                )
            genome.append(index)
        return tuple(genome)

    def parameters(self, genome: Sequence[int] | IntArray) -> Parameters:
        """The six numbers of a genome."""
        values = {
            name: float(self.grids[name][gene]) for name, gene in zip(NAMES, genome, strict=True)
        }
        return Parameters(
            depth=int(values["depth"]),
            w0=int(values["w0"]),
            wa=values["wa"],
            wm=values["wm"],
            group_width=int(values["group_width"]),
            resolution=int(values["resolution"]),
        )

    # Networks

    def architecture(self, genome: Sequence[int] | IntArray) -> Architecture:
        """The network of a legal genome."""
        data, numbers = self.data, self.parameters(genome)
        return regnet(
            data.block,  # type: ignore[arg-type]
            depth=numbers.depth,
            w0=numbers.w0,
            wa=numbers.wa,
            wm=numbers.wm,
            group_width=numbers.group_width,
            resolution=numbers.resolution,
            in_channels=data.in_channels,
            num_classes=data.num_classes,
            stem=Stem(width=data.stem_width, stride=data.stem_stride, activation=data.activation),
            strides=(data.first_stride, 2),
            head=Head(width=data.head_width, activation=data.activation),
            rounding=Rounding(width=data.width_divisor, resolution=data.resolution_divisor),
            name=data.name,
        )

    def path(self, genome: Sequence[int] | IntArray) -> Path:
        """A genome as what a search scores; its key is the architecture's."""
        return Path(tuple(int(gene) for gene in genome), (0, 0, 0), self.architecture(genome))

    def paths(self, population: Population) -> list[Path]:
        """Realise a whole population; there are no strategies to apply."""
        return [self.path(genome) for genome in population.genomes]

    def costs(self, population: Population, kind: str = "macs") -> npt.NDArray[Any]:
        """Macs, params or activations of legal genomes, exactly as `cost.of` counts: (n,).

        Of kind latency, predicted seconds, exactly as the table predicts each network.

        Raises:
            ValueError: for latency without a table.
        """
        genomes = population.genomes
        sides = self._values(genomes, "resolution").astype(np.int64)
        price, total = pricing(kind, self.latency, space=self.name)
        return total(design_costs(self.data, price, self.shapes(genomes), sides))

    def cost_of(self, architecture: Architecture, kind: str) -> float:
        """One network's cost, as `costs` has it."""
        if kind == "latency" and self.latency is not None:
            return self.latency.of(architecture)
        return float(getattr(cost.of(architecture), kind))

    def shapes(self, genomes: IntArray) -> Shapes:
        """Widths, depths and group widths of every network's stages."""
        return shapes(
            depth=self._values(genomes, "depth").astype(np.int64),
            w0=self._values(genomes, "w0").astype(np.int64),
            wa=self._values(genomes, "wa"),
            wm=self._values(genomes, "wm"),
            group_width=self._values(genomes, "group_width").astype(np.int64),
            bottleneck_ratio=self.data.bottleneck_ratio,
            step=self.data.width_divisor,
            most_stages=self.data.stages[1],
        )

    def _values(self, genomes: IntArray, name: str) -> Floats:
        values: Floats = self.grids[name][genomes[:, NAMES.index(name)]]
        return values


def population(genomes: IntArray) -> Population:
    """Genomes of a design space as a population: no strategy is applied to them."""
    return Population(genomes, np.zeros((len(genomes), 3), dtype=np.int64))


def _decimals(bounds: tuple[float, ...], step: float) -> Floats:
    """Decimal numbers from least to most, each the float that its digits are read as."""
    per_unit = round(1 / step)
    first, last = (round(bound * per_unit) for bound in bounds)
    return np.arange(first, last + 1) / per_unit
