"""ResNet-50 and ResNeXt-50 (32x4d), with the stride in the 3x3 convolution as everywhere today."""

from __future__ import annotations

from dataclasses import replace

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, Stage, Stem

_DEPTHS = (3, 4, 6, 3)
_WIDTH = 256  # of the first stage; each next one is twice as wide


def resnet50() -> Architecture:
    """ResNet-50: the hidden width is a quarter of the output width."""
    return _network("resnet50", expansion=0.25, num_groups=None)


def resnext50_32x4d() -> Architecture:
    """ResNeXt-50: half of the output width in 32 groups."""
    return _network("resnext50_32x4d", expansion=0.5, num_groups=32)


def _network(name: str, *, expansion: float, num_groups: int | None) -> Architecture:
    stages = []
    for i, depth in enumerate(_DEPTHS):
        width = _WIDTH * 2**i
        first = Block(
            kind="bottleneck",
            stride=1 if i == 0 else 2,
            expansion=expansion,
            width=width,
            group_width=None if num_groups is None else round(width * expansion) // num_groups,
            activation="relu",
        )
        stages.append(Stage(blocks=(first, *[replace(first, stride=1)] * (depth - 1))))
    return Architecture(
        name=name,
        resolution=224,
        stem=Stem(width=64, kernel=7, activation="relu", max_pool=True),
        stages=tuple(stages),
        head=Head(width=None, activation="relu"),
    )
