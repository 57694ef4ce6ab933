"""Networks in stages of depthwise blocks: their choices, and genomes of them.

What the staged and the per-layer layout have in common.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import USUAL_KIND, Block, SqueezeExcite, Stem
from escalade.core.network.kinds import KINDS
from escalade.core.network.legality import check_squeezed
from escalade.core.space.path import Gene, IntArray
from escalade.core.space.shape import StageShape
from escalade.core.space.space_checks import (
    check_expansions,
    check_genes,
    check_names,
    check_odd,
    check_prices,
    check_squeeze,
    check_stride,
    check_widths,
)
from escalade.core.space.space_numbers import Numbers, Span, WholeNumbers
from escalade.core.values.invalid import Invalid, within

KERNELS = WholeNumbers((3, 5, 7))
# Genes such as resolution, stem.width, stages[2].depth, stages[2].kernel[1].
_NAME = re.compile(r"(?:stages\[(?P<stage>\d+)\]\.)?(?P<field>[\w.]+)(?:\[(?P<layer>\d+)\])?")


@dataclass(frozen=True, slots=True, kw_only=True)
class StemChoices:
    """Choices of the first convolution."""

    widths: WholeNumbers
    kernel: int = 3
    stride: int = 2
    activation: str = "hard_swish"

    def of(self, width: int) -> Stem:
        """The stem of that width."""
        return Stem(width=width, kernel=self.kernel, stride=self.stride, activation=self.activation)

    def check(self, divisor: int) -> None:
        """Raise an `Invalid` for a stem that no network can have."""
        check_names(self, "activation")
        check_widths(self.widths, divisor)
        check_odd((self.kernel,))


@dataclass(frozen=True, kw_only=True)
class StageChoices:
    """Choices of one stage, or of each of its layers."""

    kind: str = USUAL_KIND
    depth: Span
    widths: WholeNumbers
    expansions: Numbers
    kernels: WholeNumbers = KERNELS
    stride: int = 1
    se: SqueezeExcite | None = None
    activation: str = "hard_swish"

    @property
    def transition(self) -> bool:
        """Whether its blocks have a shortcut also where their shape changes."""
        return False

    @property
    def layer_widths(self) -> bool:
        """Whether blocks of one path may differ in width."""
        return False

    def block(self, *, kernel: int, expansion: float, width: int, stride: int) -> Block:
        """One of the stage's blocks."""
        return Block(
            kind=self.kind,
            kernel=kernel,
            stride=stride,
            expansion=expansion,
            width=width,
            se=self.se,
            activation=self.activation,
            transition=self.transition,
        )

    @property
    def every_block(self) -> Block:
        """The first block with all choices but the width, as arrays of kernels by expansions."""
        kernels: Any = np.array(self.kernels)[:, None]
        expansions: Any = np.array(self.expansions)
        return self.block(kernel=kernels, expansion=expansions, width=0, stride=self.stride)

    def shape(self, *, depth: int, width: int, in_width: int) -> StageShape:
        """What a supernet holds of the stage, from the largest depth and widths."""
        return StageShape(
            depth=depth,
            width=width,
            in_width=in_width,
            expansions=self.expansions,
            kernels=self.kernels,
            stride=self.stride,
            kind=self.kind,
            se=self.se,
            activation=self.activation,
            transition=self.transition,
            layer_widths=self.layer_widths,
        )

    def check(self, divisor: int, *, before: Sequence[int]) -> None:
        """Raise an `Invalid` for a stage that no supernet has layers for.

        Args:
            divisor: of widths.
            before: widths that its input may have.
        """
        check_names(self, "kind", "activation")
        check_stride(self.stride)
        check_widths(self.widths, divisor)
        check_odd(self.kernels, "kernels")
        check_expansions(self.expansions, "expansions")
        if not KINDS[self.kind].expands and self.expansions != (1.0,):
            raise Invalid(f"{self.kind} does not expand; use [1]", path=("expansions",))
        if self.se is not None:
            with within("se"):
                check_squeeze(self.se)
                block = Block(kind=self.kind, expansion=min(self.expansions), width=1, se=self.se)
                check_squeezed(block, min(*before, *self.widths))


def check_sizes(
    stages: Sequence[StageChoices], stem: StemChoices, *, num_settings: int, per_layer: int = 1
) -> None:
    """Raise an `Invalid` for more choices than can be drawn and priced.

    Args:
        stages, stem: the choices.
        num_settings: resolutions, under every ratio.
        per_layer: most genes that a layer has.
    """
    check_genes((stage.depth.most for stage in stages), per_layer=per_layer)
    num, before = 0, stem.widths
    for stage in stages:
        choices = len(stage.widths) * len(stage.kernels) * len(stage.expansions)
        num += num_settings * len(before) * choices
        before = stage.widths
    check_prices(num)


@dataclass(frozen=True, slots=True)
class StageColumns:
    """Where a stage's genes stand in a genome: its depth, and slices of one column a layer.

    `least` is the depth that gene 0 stands for.
    """

    least: int
    depth: int
    layers: tuple[slice, ...]

    def runs(self, genomes: IntArray) -> Any:
        """Which layers run, of all that a network may have: (n, most)."""
        most = len(range(self.layers[0].stop)[self.layers[0]])
        by_depth = np.arange(most) < np.arange(self.least, most + 1)[:, None]
        return by_depth.take(genomes[:, self.depth], axis=0)


def silence(genomes: IntArray, stages: Sequence[StageColumns]) -> IntArray:
    """Put genes of layers that do not run to 0, in place."""
    for stage in stages:
        runs = stage.runs(genomes)
        for where in stage.layers:
            genomes[:, where] *= runs
    return genomes


def num_genomes(genes: Sequence[Gene], stages: Sequence[StageColumns]) -> int:
    """Genomes whose layers that do not run have genes of 0, an exact integer."""
    counts, num = [gene.num_choices for gene in genes], 1
    inside: set[int] = set()
    for at in stages:
        inside |= {at.depth, *(i for where in at.layers for i in range(len(counts))[where])}
        layers = list(zip(*(counts[where] for where in at.layers), strict=True))
        depths = range(at.least, len(layers) + 1)
        num *= sum(math.prod(itertools.chain(*layers[:depth])) for depth in depths)
    return num * math.prod(count for i, count in enumerate(counts) if i not in inside)


def depths(stages: Sequence[StageColumns], genomes: IntArray) -> IntArray:
    more = genomes[:, [at.depth for at in stages]]
    found: IntArray = sum(at.least for at in stages) + more.sum(axis=1)
    return found


def encode(genes: Sequence[Gene], network: Architecture, *, num_stages: int) -> IntArray:
    """The genome of a network, its sizes looked up as the genes are named: (num_genes,).

    What a space fixes (kinds, strides, activations and the like) is not compared.

    Raises:
        ValueError: for a size that is not among the choices, naming the field of the network.
    """
    if len(network.stages) != num_stages:
        raise ValueError(f"stages: the space has {num_stages}, not {len(network.stages)}")
    return np.array([_index(gene, network) for gene in genes], dtype=np.int64)


def _index(gene: Gene, network: Architecture) -> int:
    found = _NAME.fullmatch(gene.name)
    assert found is not None, gene.name
    where, field, layer = gene.name, found["field"], int(found["layer"] or 0)
    if found["stage"] is None:
        value = attrgetter(field)(network)
    else:
        blocks = network.stages[int(found["stage"])].blocks
        if layer >= len(blocks):
            return 0
        value = len(blocks) if field == "depth" else getattr(blocks[layer], field)
        where = where if field == "depth" else f"stages[{found['stage']}].blocks[{layer}].{field}"
    if value not in gene.choices:
        known = ", ".join(f"{choice:g}" for choice in gene.choices)
        raise ValueError(f"{where}: {value} is not among {known}")
    return gene.choices.index(value)


def stage_shapes(
    stages: Sequence[StageChoices],
    *,
    stem_width: int,
    depths: Sequence[int],
    widths: Sequence[int],
) -> tuple[StageShape, ...]:
    """What a supernet holds of every stage, from the largest depths and widths."""
    sizes = zip(stages, depths, widths, (stem_width, *widths[:-1]), strict=True)
    return tuple(
        stage.shape(depth=depth, width=width, in_width=in_width)
        for stage, depth, width, in_width in sizes
    )
