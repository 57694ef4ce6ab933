"""EfficientNet-B0 to B7."""

from __future__ import annotations

import math
from dataclasses import replace

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.core.numbers.rounding import make_divisible

# kernel, stride, expansion, width, depth: Table 1 of EfficientNet
_BLOCKS = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
# width ratio, depth ratio, resolution, as published with the weights
COMPOUND = (
    (1.0, 1.0, 224),
    (1.0, 1.1, 240),
    (1.1, 1.2, 260),
    (1.2, 1.4, 300),
    (1.4, 1.8, 380),
    (1.6, 2.2, 456),
    (1.8, 2.6, 528),
    (2.0, 3.1, 600),
)
NAMES = tuple(f"efficientnet_b{index}" for index in range(len(COMPOUND)))


def efficientnet(name: str) -> Architecture:
    """EfficientNet-B0 to B7, scaled from B0 by its own compound rule and rounding."""
    width_ratio, depth_ratio, resolution = COMPOUND[NAMES.index(name)]

    def width(value: int) -> int:
        return make_divisible(value * width_ratio)

    stages = []
    for kernel, stride, expansion, out, depth in _BLOCKS:
        block = Block(
            kind="dsconv" if expansion == 1 else "mbconv",
            kernel=kernel,
            stride=stride,
            expansion=float(expansion),
            width=width(out),
            se=SqueezeExcite(ratio=0.25, of="input", activation="swish", gate="sigmoid"),
            activation="swish",
        )
        more = math.ceil(depth * depth_ratio) - 1
        stages.append(Stage(blocks=(block, *[replace(block, stride=1)] * more)))
    return Architecture(
        name=name,
        resolution=resolution,
        stem=Stem(width=width(32), activation="swish"),
        stages=tuple(stages),
        head=Head(width=width(1280), activation="swish"),
    )
