"""What the choices of a per-layer space make: networks, and the supernet that holds them all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Head, Rounding, Stage
from escalade.core.space.layer_choices import LayerData, LayerStage
from escalade.core.space.layer_genome import HEAD, RESOLUTION, STEM, StageColumns, columns
from escalade.core.space.population import IntArray
from escalade.core.space.shape import SupernetShape, staged_shape


def architecture(data: LayerData, resolutions: Sequence[int], genome: IntArray) -> Architecture:
    """The network of one genome, (num_genes,)."""
    return Architecture(
        name=data.name,
        resolution=resolutions[genome[RESOLUTION]],
        in_channels=data.in_channels,
        num_classes=data.num_classes,
        stem=data.stem.of(data.stem.widths[genome[STEM]]),
        stages=tuple(
            _stage(stage, at, genome) for stage, at in zip(data.stages, columns(data), strict=True)
        ),
        head=Head(width=data.head.widths[genome[HEAD]], activation=data.head.activation),
        rounding=Rounding(width=data.width_divisor, resolution=data.resolution_divisor),
    )


def _stage(stage: LayerStage, at: StageColumns, genome: IntArray) -> Stage:
    depth = stage.depth[0] + int(genome[at.depth])
    widths, kernels = genome[at.widths], genome[at.kernels]
    expansions = np.zeros_like(widths) if at.expansions is None else genome[at.expansions]
    return Stage(
        blocks=tuple(
            stage.block(
                kernel=stage.kernels[kernels[position]],
                expansion=stage.expansions[expansions[position]],
                width=stage.widths[widths[position]],
                stride=stage.stride if position == 0 else 1,
                transition=stage.transition,
            )
            for position in range(depth)
        )
    )


def supernet_shape(data: LayerData) -> SupernetShape:
    """The largest of every choice; kernels are cropped at the centre (BigNAS, section 4.1)."""
    shape = staged_shape(
        data,
        stem_width=data.stem.widths[-1],
        depths=[choices.depth[1] for choices in data.stages],
        widths=[choices.widths[-1] for choices in data.stages],
        head=Head(width=data.head.widths[-1], activation=data.head.activation),
        shared_kernels=True,
    )
    stages = [
        replace(stage, transition=choices.transition, layer_widths=len(choices.widths) > 1)
        for stage, choices in zip(shape.stages, data.stages, strict=True)
    ]
    return replace(shape, stages=tuple(stages))
