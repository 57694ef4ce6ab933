"""Scaling ratios, and what they make of an architecture."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from escalade.core.network import kinds
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Stage
from escalade.core.numbers.rounding import round_to

DIMENSIONS = ("depth", "width", "resolution")


@dataclass(frozen=True, slots=True)
class Scaling:
    """Ratios of depth, width and resolution to the base network (ScaleNet, section 3.1)."""

    depth: float = 1.0
    width: float = 1.0
    resolution: float = 1.0

    def to_json(self) -> dict[str, float]:
        return {"depth": self.depth, "width": self.width, "resolution": self.resolution}


def nearest_depth(depth: int, ratio: float) -> int:
    """Depth rounded to the nearest (half to even), at least one."""
    return max(1, round(depth * ratio))


def apply(
    architecture: Architecture,
    scaling: Scaling,
    *,
    width_divisor: int = 8,
    resolution_divisor: int = 4,
    round_depth: Callable[[int, float], int] = nearest_depth,
) -> Architecture:
    """Scale an architecture: more blocks (`with_depth`), wider (`follow_inputs`), finer.

    Stem widths scale with the stages, the head does not (ScaleNet's space;
    docs/explanation/deviations.md).
    A ratio of exactly 1 changes nothing, whatever the divisors.
    """

    def width(value: int) -> int:
        return value if scaling.width == 1 else round_to(value * scaling.width, width_divisor)

    stages = []
    for stage in architecture.stages:
        depth = len(stage.blocks)
        target = depth if scaling.depth == 1 else round_depth(depth, scaling.depth)
        blocks = tuple(replace(b, width=width(b.width)) for b in stage.blocks)
        stages.append(Stage(blocks=with_depth(blocks, target)))
    resolution = architecture.resolution
    if scaling.resolution != 1:
        resolution = round_to(resolution * scaling.resolution, resolution_divisor)
    stem = replace(architecture.stem, width=width(architecture.stem.width))
    if scaling.width != 1:
        stages = list(follow_inputs(stem.width, stages))
    return replace(architecture, resolution=resolution, stem=stem, stages=tuple(stages))


def with_depth(blocks: tuple[Block, ...], depth: int) -> tuple[Block, ...]:
    """Keep the first `depth` blocks, or append copies of the last one with stride 1.

    Copies have a shortcut. What is copied is never what a layer left out leaves: then it is the
    last block before that, at the stage's width. Without any the blocks stay.
    """
    copied = [block for block in blocks if not kinds.of(block).left_out][-1:]
    extra = max(0, depth - len(blocks))
    more = (replace(b, stride=1, width=blocks[-1].width, skip=True) for b in copied * extra)
    return (*blocks[:depth], *more)


def follow_inputs(stem_width: int, stages: Iterable[Stage]) -> tuple[Stage, ...]:
    """The stages with every block that passes its input on at the input's width."""
    made, width = [], stem_width
    for stage in stages:
        blocks = []
        for block in stage.blocks:
            blocks.append(replace(block, width=width) if kinds.of(block).passes_on else block)
            width = blocks[-1].width
        made.append(Stage(blocks=tuple(blocks)))
    return tuple(made)


def realised(base: Architecture, scaled: Architecture) -> Scaling:
    """The ratios two networks really stand in, after rounding.

    Depth is the ratio of block counts, width the geometric mean over the stages' widths.
    """
    logs = [math.log(b / a) for a, b in zip(base.widths, scaled.widths, strict=True)]
    return Scaling(
        depth=sum(scaled.depths) / sum(base.depths),
        width=math.exp(sum(logs) / len(logs)),
        resolution=scaled.resolution / base.resolution,
    )


def scaling_between(base: Architecture, other: Architecture) -> Scaling:
    """The ratios two networks of one space stand in; of width 1 where their stages differ."""
    if len(base.widths) == len(other.widths):
        return realised(base, other)
    return Scaling(
        depth=sum(other.depths) / sum(base.depths), resolution=other.resolution / base.resolution
    )
