"""RegNets: a whole network from a handful of numbers, by the quantised linear function.

Designing Network Design Spaces, section 3.3; RegNetZ is Fast and Accurate Model Scaling, Fig. 3.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import groupby
from typing import Any, Literal

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import (
    BOTTLENECK,
    REGNET_Z,
    Block,
    Head,
    Rounding,
    SqueezeExcite,
    Stage,
    Stem,
)
from escalade.core.numbers.rounding import fit_groups, round_to

Letter = Literal["x", "y", "z"]

BOTTLENECK_RATIO = {"x": 1.0, "y": 1.0, "z": 4.0}
ACTIVATION = {"x": "relu", "y": "relu", "z": "swish"}
# No text gives RegNetZ's; with this one its published figures come out
# (docs/explanation/deviations.md).
HEAD_WIDTH = {"x": None, "y": None, "z": 1000}


def stages(
    depth: int,
    w0: int,
    wa: float,
    wm: float,
    *,
    group_width: int,
    bottleneck_ratio: float = 1.0,
    step: int = 8,
) -> tuple[tuple[int, int, int], ...]:
    """Width, depth and group width of each stage.

    Block i would be `w0 + wa * i` wide. Its width becomes the nearest `w0 * wm**k` for an integer
    k, then a multiple of `step`; blocks of one width are a stage. Last, the widths are made
    compatible with the group width. Any number of stages can come out, two neighbours of one
    width too.

    Args:
        depth: blocks in all.
        w0: width of the first block, a multiple of `step`.
        wa: slope, at least 0.
        wm: ratio of consecutive widths, above 1.
        group_width: of every stage; a stage whose hidden layers are narrower has one group.
        bottleneck_ratio: hidden width over output width.
        step: widths are multiples of it.

    Raises:
        ValueError: for a number outside these ranges.
    """
    _check(depth, w0, wa, wm, group_width, bottleneck_ratio, step)
    widths = []
    for i in range(depth):
        exponent = round(math.log1p(wa * i / w0) / math.log(wm))
        widths.append(round_to(w0 * wm**exponent, step))
    made = []
    for width, blocks in groupby(widths):
        fitted, group = fit_groups(width, bottleneck_ratio, group_width)
        made.append((fitted, len(list(blocks)), group))
    return tuple(made)


def regnet(
    kind: Letter,
    *,
    depth: int,
    w0: int,
    wa: float,
    wm: float,
    group_width: int,
    resolution: int = 224,
    in_channels: int = 3,
    num_classes: int = 1000,
    stem: Stem | None = None,
    strides: tuple[int, ...] = (2,),
    head: Head | None = None,
    bottleneck_ratio: float | None = None,
    rounding: Rounding | None = None,
    name: str = "",
) -> Architecture:
    """RegNetX, RegNetY (X with squeeze-excitation) or RegNetZ (inverted bottlenecks).

    Args:
        kind: `x`, `y` or `z`.
        depth: of the quantised linear function (see `stages`), as are `w0`, `wa`, `wm` and
            `group_width`.
        stem: 32 channels, kernel 3, stride 2, unless given.
        strides: of the stages, from the first one; the last goes on for the stages after it.
        head: without convolution in X and Y, 1000 channels in Z, unless given.
        bottleneck_ratio: hidden width over output width: 1 in X and Y, 4 in Z, unless given.
        rounding: steps of scaling; the widths made here are multiples of its width step.

    Raises:
        ValueError: for a number outside its range, or a resolution too small for the strides.
    """
    if kind not in ACTIVATION:
        raise ValueError(f"regnet: {kind!r} is not known; use one of {', '.join(ACTIVATION)}")
    if not strides:
        raise ValueError("regnet: strides: expected at least one")
    rounding = rounding or Rounding()
    ratio = BOTTLENECK_RATIO[kind] if bottleneck_ratio is None else bottleneck_ratio
    activation = ACTIVATION[kind]
    made = []
    shapes = stages(
        depth, w0, wa, wm, group_width=group_width, bottleneck_ratio=ratio, step=rounding.width
    )
    for i, (width, num_blocks, group) in enumerate(shapes):
        stride = strides[min(i, len(strides) - 1)]
        first = replace(block(kind, width=width, group_width=group), stride=stride, expansion=ratio)
        made.append(Stage(blocks=(first, *[replace(first, stride=1)] * (num_blocks - 1))))
    return Architecture(
        name=name,
        resolution=resolution,
        in_channels=in_channels,
        num_classes=num_classes,
        stem=stem or Stem(width=32, activation=activation),
        stages=tuple(made),
        head=head or Head(width=HEAD_WIDTH[kind], activation=activation),
        rounding=rounding,
    )


def block(kind: Letter, *, width: Any, group_width: Any) -> Block:
    """One of its blocks, without stride; widths may be arrays.

    Args:
        kind: `x`, `y` or `z`.
        group_width: of the middle convolution.
    """
    activation = ACTIVATION[kind]
    se = SqueezeExcite(ratio=0.25, of="input", activation=activation, gate="sigmoid")
    return Block(
        kind=REGNET_Z if kind == "z" else BOTTLENECK,
        expansion=BOTTLENECK_RATIO[kind],
        width=width,
        se=None if kind == "x" else se,
        group_width=group_width,
        activation=activation,
    )


def _check(
    depth: int, w0: int, wa: float, wm: float, group_width: int, ratio: float, step: int
) -> None:
    counts = (("depth", depth), ("w0", w0), ("group_width", group_width), ("step", step))
    for field, count in counts:
        if count < 1:
            raise ValueError(f"regnet: {field}: {count} is not positive")
    if w0 % step:
        raise ValueError(f"regnet: w0: {w0} is not a multiple of {step}")
    if not 0 <= wa < math.inf:
        raise ValueError(f"regnet: wa: {wa} is outside [0, inf)")
    if not 1 < wm < math.inf:
        raise ValueError(f"regnet: wm: {wm} is outside (1, inf)")
    if not 0 < ratio < math.inf:
        raise ValueError(f"regnet: bottleneck_ratio: {ratio} is outside (0, inf)")
