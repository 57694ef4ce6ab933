"""Scaling ratios, and what they make of an architecture."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from escalade.core.architecture import Architecture, Stage
from escalade.core.rounding import round_to


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
    scale_stem: bool = True,
) -> Architecture:
    """Scale an architecture: more blocks (copies of a stage's last), wider, finer.

    Stem widths scale with the stages, the head does not (ScaleNet's space; docs/deviations.md).
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
    stem = architecture.stem
    return replace(
        architecture,
        resolution=resolution,
        stem=replace(stem, width=width(stem.width)) if scale_stem else stem,
        stages=tuple(stages),
    )


def with_depth(blocks: tuple, depth: int) -> tuple:  # type: ignore[type-arg]
    """Keep the first `depth` blocks, or repeat the last one with stride 1."""
    extra = depth - len(blocks)
    return blocks[:depth] + (replace(blocks[-1], stride=1),) * max(0, extra)


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
