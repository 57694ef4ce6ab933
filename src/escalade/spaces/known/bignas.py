"""The child model that section 4.4 of BigNAS spells out; its models S to XL are not public."""

from __future__ import annotations

from dataclasses import replace

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem

# kernel, stride, expansion, width, depth: section 4.4, the rest from Table 1
_BLOCKS = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 48, 2),
    (3, 2, 6, 88, 2),
    (5, 1, 6, 128, 4),
    (5, 2, 6, 216, 4),
    (3, 1, 6, 352, 1),
)


def bignas_659m() -> Architecture:
    """The network selected near 650 M macs; with its transition shortcuts it has 659 M."""
    stages = []
    for kernel, stride, expansion, width, depth in _BLOCKS:
        block = Block(
            kind="dsconv" if expansion == 1 else "mbconv",
            kernel=kernel,
            stride=stride,
            expansion=float(expansion),
            width=width,
            se=SqueezeExcite(ratio=0.25, of="input", activation="swish", gate="sigmoid"),
            activation="swish",
        )
        first = replace(block, transition=True)
        more = replace(block, stride=1)
        stages.append(Stage(blocks=(first, *[more] * (depth - 1))))
    return Architecture(
        name="bignas_659m",
        resolution=256,
        stem=Stem(width=32, activation="swish"),
        stages=tuple(stages),
        head=Head(width=1408, activation="swish"),
    )
