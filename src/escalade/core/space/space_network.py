"""What a genome and a strategy make: a network, and the supernet that holds them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Rounding, Stage
from escalade.core.numbers.rounding import scale_depth
from escalade.core.scaling.ratios import Scaling, with_depth
from escalade.core.space.population import IntArray
from escalade.core.space.shape import SupernetShape, staged_shape

if TYPE_CHECKING:
    from escalade.core.space.search_space import SearchSpace


def architecture(space: SearchSpace, genome: IntArray, scaling: Scaling) -> Architecture:
    """The network of one genome, (num_genes,), scaled."""
    data = space.data
    return Architecture(
        name=data.name,
        resolution=space.scaled_resolution(data.resolutions[genome[0]], scaling.resolution),
        in_channels=data.in_channels,
        num_classes=data.num_classes,
        stem=data.stem.of(space.scaled_width(data.stem.widths[genome[1]], scaling.width)),
        stages=tuple(_stage(space, i, genome, scaling) for i in range(len(data.stages))),
        head=data.head,
        rounding=Rounding(width=data.width_divisor, resolution=data.resolution_divisor),
    )


def _stage(space: SearchSpace, index: int, genome: IntArray, scaling: Scaling) -> Stage:
    choices, start = space.data.stages[index], space.kernel_columns[index].start
    width = space.scaled_width(choices.widths[genome[start - 3]], scaling.width)
    expansion = choices.expansions[genome[start - 2]]
    kernels = [int(k) for k in space.kernels(genome[None], index)[0] if k]
    blocks = tuple(
        choices.block(
            kernel=kernel,
            expansion=expansion,
            width=width,
            stride=choices.stride if position == 0 else 1,
        )
        for position, kernel in enumerate(kernels)
    )
    return Stage(blocks=with_depth(blocks, scale_depth(len(blocks), scaling.depth)))


def supernet_shape(space: SearchSpace) -> SupernetShape:
    """The largest of every choice under the largest of every ratio."""
    data, depth, width = space.data, max(space.depth_ratios), max(space.width_ratios)
    return staged_shape(
        data,
        stem_width=space.scaled_width(max(data.stem.widths), width),
        depths=[scale_depth(choices.depth[1], depth) for choices in data.stages],
        widths=[space.scaled_width(max(choices.widths), width) for choices in data.stages],
        head=data.head,
        shared_kernels=data.shared_kernels,
    )
