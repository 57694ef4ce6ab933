"""Small networks of every kind: one grey channel, three classes, 20 pixels."""

from __future__ import annotations

from dataclasses import replace

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem

RESOLUTION = 20
_SE = SqueezeExcite(of="input", gate="sigmoid")


def stage(block: Block, depth: int) -> Stage:
    """`block` and its repetitions without stride."""
    return Stage(blocks=(block, *[replace(block, stride=1)] * (depth - 1)))


def regnet_y(
    *, widths=(16, 32), depths=(1, 2), group_width=8, se=_SE, resolution=RESOLUTION, **stem
) -> Architecture:
    return _network(
        "regnet_y_like",
        [
            stage(_bottleneck(width, group_width=group_width, se=se), depth)
            for width, depth in zip(widths, depths, strict=True)
        ],
        stem=Stem(**{"width": 8, "activation": "relu"} | stem),
        resolution=resolution,
    )


def regnet_z(*, widths=(8, 12, 12), depths=(1, 2, 2), group_width=4, head=40) -> Architecture:
    se = replace(_SE, activation="swish")
    block = Block(
        kind="regnet_z", expansion=4.0, width=1, group_width=group_width, se=se, activation="swish"
    )
    strides = (2,) * (len(widths) - 1) + (1,)
    return _network(
        "regnet_z_like",
        [
            stage(replace(block, width=width, stride=stride), depth)
            for width, depth, stride in zip(widths, depths, strides, strict=True)
        ],
        stem=Stem(width=8, activation="swish"),
        head=Head(width=head, activation="swish"),
    )


def resnet(*, widths=(24, 48), depths=(2, 2)) -> Architecture:
    blocks = [_bottleneck(width, expansion=0.25, stride=1 + (i > 0)) for i, width in
              enumerate(widths)]  # fmt: skip
    return _network(
        "resnet_like",
        [stage(block, depth) for block, depth in zip(blocks, depths, strict=True)],
        stem=Stem(width=8, kernel=7, activation="relu", max_pool=True),
    )


def mobilenet_v3(*, widths=(8, 16), depths=(1, 2), head=(24, 40)) -> Architecture:
    se = SqueezeExcite(divisor=8)
    kinds = ("dsconv", *("mbconv",) * (len(widths) - 1))
    blocks = [
        Block(kind=kind, expansion=2.5, width=width, stride=2, se=se, activation=activation)
        for kind, width, activation in zip(
            kinds, widths, ("relu", *("hard_swish",) * (len(widths) - 1)), strict=True
        )
    ]
    return _network(
        "mobilenet_v3_like",
        [stage(block, depth) for block, depth in zip(blocks, depths, strict=True)],
        stem=Stem(width=8),
        head=Head(width=head[0], hidden=head[1]),
    )


def efficientnet_v2(*, widths=(8, 16, 24), depths=(2, 2, 2), head=40, kernel=3) -> Architecture:
    """Convolutions, and blocks that expand with theirs or with a depthwise one in them."""
    block = Block(kind="conv", kernel=kernel, expansion=1.0, width=widths[0], activation="swish")
    fused = replace(block, kind="fused_mbconv", expansion=3.0, width=widths[1], stride=2)
    last = Block(expansion=2.0, width=widths[2], stride=2, se=replace(_SE, activation="swish"))
    return _network(
        "efficientnet_v2_like",
        [
            stage(block, depths[0]),
            stage(fused, depths[1]),
            stage(replace(last, activation="swish"), depths[2]),
        ],
        stem=Stem(width=widths[0], activation="swish"),
        head=Head(width=head, activation="swish"),
    )


def mobilenet_v4(*, widths=(8, 16, 24), depths=(1, 2, 3), head=40, kernels=(5, 3)) -> Architecture:
    """Universal inverted bottlenecks with and without either depthwise convolution."""
    start, kernel = kernels
    block = Block(kind="uib", expansion=2.0, width=widths[1], activation="relu")
    both = replace(block, start_kernel=start, kernel=kernel, stride=2)
    one = replace(block, start_kernel=start, kernel=0, stride=2, width=widths[2], se=_SE)
    none = replace(one, start_kernel=0, stride=1, se=None)
    conv = Block(kind="conv", expansion=1.0, width=widths[0], activation="relu", skip=False)
    return _network(
        "mobilenet_v4_like",
        [
            stage(conv, depths[0]),
            stage(both, depths[1]),
            Stage(blocks=(one, none, *[replace(one, stride=1)] * (depths[2] - 2))),
        ],
        stem=Stem(width=8, activation="relu"),
        head=Head(width=head, activation="relu"),
    )


def bignas(*, widths=((8, 12), (16, 24, 24), (24,)), stem=8, head=40, kernel=5) -> Architecture:
    """Transition shortcuts of every sort, with a width for each layer.

    Sides go from 10 to 5 to 3, so that the second pooling has a border.
    """
    se = replace(_SE, activation="swish")
    stages = []
    for i, row in enumerate(widths):
        blocks = tuple(
            Block(
                kind="dsconv" if i == 0 else "mbconv",
                kernel=kernel if i else 3,
                stride=2 if i and k == 0 else 1,
                expansion=2.0 if i else 1.0,
                width=width,
                se=se,
                activation="swish",
                transition=True,
            )
            for k, width in enumerate(row)
        )
        stages.append(Stage(blocks=blocks))
    return _network(
        "bignas_like",
        stages,
        stem=Stem(width=stem, activation="swish"),
        head=Head(width=head, activation="swish"),
    )


def scarlet() -> Architecture:
    """Layers left out: pools of odd sides (10, 5, 3), one of them a whole stage, and no skip."""
    se = SqueezeExcite()
    block = Block(kernel=5, expansion=3.0, width=12, se=se)
    return _network(
        "scarlet_like",
        [
            Stage(blocks=(Block(kind="dsconv", expansion=1.0, width=8, activation="relu6"),)),
            Stage(blocks=(Block.identity(8, stride=2), block, replace(block, skip=False))),
            Stage(blocks=(Block.identity(12, stride=2),)),
            Stage(blocks=(replace(block, width=24), replace(block, width=24, se=None))),
        ],
        stem=Stem(width=8, activation="relu6"),
        head=Head(width=40, activation="relu6"),
    )


def scarlet_running() -> Architecture:
    """Every way a supernet runs a layer that is left out, first and last ones included."""
    block = Block(kind="dsconv", expansion=1.0, width=16, skip=False)
    return _network(
        "scarlet_running",
        [
            Stage(blocks=(Block.identity(8), Block.linear(12), Block.linear(12))),
            Stage(blocks=(Block.linear(16, stride=2, activation="relu"), block)),
            Stage(blocks=(Block.identity(24, stride=2), Block.linear(20, activation="relu"))),
            Stage(blocks=(Block(expansion=2.0, width=20), Block.identity(28), Block.linear(24))),
        ],
        stem=Stem(width=8, activation="relu6"),
        head=Head(width=40, activation="relu6"),
    )


def _bottleneck(width: int, *, expansion=1.0, group_width=None, se=None, stride=2) -> Block:
    return Block(
        kind="bottleneck",
        stride=stride,
        expansion=expansion,
        width=width,
        group_width=group_width,
        se=se,
        activation="relu",
    )


def _network(
    name: str,
    stages: list[Stage],
    *,
    stem: Stem,
    head: Head = Head(width=None),  # noqa: B008
    resolution: int = RESOLUTION,
) -> Architecture:
    return Architecture(
        name=name,
        resolution=resolution,
        in_channels=1,
        num_classes=3,
        stem=stem,
        stages=tuple(stages),
        head=head,
    )


_ALL = (
    regnet_y,
    regnet_z,
    resnet,
    mobilenet_v3,
    efficientnet_v2,
    mobilenet_v4,
    bignas,
    scarlet,
    scarlet_running,
)
SAMPLES = {made.name: made for made in (make() for make in _ALL)}
