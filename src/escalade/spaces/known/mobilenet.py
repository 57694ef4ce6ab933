"""MobileNetV2 and MobileNetV3-Large."""

from __future__ import annotations

from dataclasses import replace

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem

# expansion, width, depth, stride: Table 2 of MobileNetV2
_V2 = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
# kernel, stride, width, squeeze-excitation, activation, expansion of each block: Table 1 of
# MobileNetV3, whose hidden widths are these expansions of the input
_V3_LARGE = (
    (3, 1, 16, False, "relu", (1.0,)),
    (3, 2, 24, False, "relu", (4.0, 3.0)),
    (5, 2, 40, True, "relu", (3.0, 3.0, 3.0)),
    (3, 2, 80, False, "hard_swish", (6.0, 2.5, 2.3, 2.3)),
    (3, 1, 112, True, "hard_swish", (6.0, 6.0)),
    (5, 2, 160, True, "hard_swish", (6.0, 6.0, 6.0)),
)


def mobilenet_v2() -> Architecture:
    """MobileNetV2 at width 1."""
    stages = []
    for expansion, width, depth, stride in _V2:
        block = Block(
            kind="dsconv" if expansion == 1 else "mbconv",
            stride=stride,
            expansion=float(expansion),
            width=width,
            activation="relu6",
        )
        stages.append(Stage(blocks=(block, *[replace(block, stride=1)] * (depth - 1))))
    return Architecture(
        name="mobilenet_v2",
        resolution=224,
        stem=Stem(width=32, activation="relu6"),
        stages=tuple(stages),
        head=Head(width=1280, activation="relu6"),
    )


def mobilenet_v3_large() -> Architecture:
    """MobileNetV3-Large at width 1."""
    se = SqueezeExcite(ratio=0.25, divisor=8)
    stages = []
    for kernel, stride, width, has_se, activation, expansions in _V3_LARGE:
        blocks = tuple(
            Block(
                kind="dsconv" if expansion == 1.0 else "mbconv",
                kernel=kernel,
                stride=stride if k == 0 else 1,
                expansion=expansion,
                width=width,
                se=se if has_se else None,
                activation=activation,
            )
            for k, expansion in enumerate(expansions)
        )
        stages.append(Stage(blocks=blocks))
    return Architecture(
        name="mobilenet_v3_large",
        resolution=224,
        stem=Stem(width=16),
        stages=tuple(stages),
        head=Head(width=960, hidden=1280),
    )
