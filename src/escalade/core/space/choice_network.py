"""What the choices of a layer make: the stand-alone network, the one that runs, the supernet.

The stand-alone network leaves identities out: the next layer's input shrinks to the width before
them, and of a down-sampling one the max pooling stays (SCARLET, Fig. 2 right, footnote 4). The
running network has every layer at its position, identities transformed (Fig. 2, middle).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import DSCONV, Block, Rounding, Stage
from escalade.core.network.fittings import keeps_shape
from escalade.core.space.choice_data import Choice, ChoiceData
from escalade.core.space.choice_shape import ChoiceShape, LayerShape

Genome = Sequence[int]


def choice_shape(data: ChoiceData) -> ChoiceShape:
    """Every choice of every layer."""
    stages, in_width = [], data.first.width
    for stage in data.stages:
        layers = []
        for position in range(stage.depth):
            stride = stage.stride if position == 0 else 1
            blocks = tuple(_block(data, each, stage.width, stride) for each in data.choices)
            layers.append(
                LayerShape(in_width=in_width, width=stage.width, stride=stride, blocks=blocks)
            )
            in_width = stage.width
        stages.append(tuple(layers))
    return ChoiceShape(
        in_channels=data.in_channels,
        num_classes=data.num_classes,
        stem=data.stem,
        first=Block(
            kind=DSCONV,
            kernel=data.first.kernel,
            stride=data.first.stride,
            expansion=1.0,
            width=data.first.width,
            activation=data.first.activation,
        ),
        stages=tuple(stages),
        head=data.head,
    )


def standalone(data: ChoiceData, shape: ChoiceShape, genome: Genome) -> Architecture:
    """The network that is retrained, and what costs mean."""
    stages: dict[int, list[Block]] = {}
    width, after_identity, is_identity = data.first.width, False, data.identities
    for (i, _, layer), gene in zip(shape.layers, genome, strict=True):
        blocks = stages.setdefault(i, [])
        if gene not in is_identity:
            blocks.append(without_skip(layer.blocks[gene], width, data.folds and after_identity))
            width = layer.width
        elif layer.stride > 1:
            blocks.append(Block.identity(width, stride=layer.stride))
        after_identity = gene in is_identity
    return _network(data, shape, [blocks for blocks in stages.values() if blocks])


def running(data: ChoiceData, shape: ChoiceShape, genome: Genome) -> Architecture:
    """The network that the supernet runs."""
    layers = [layer for *_, layer in shape.layers]
    blocks = [layer.blocks[gene] for layer, gene in zip(layers, genome, strict=True)]
    if data.folds:
        blocks = _folding(blocks, layers, [gene in data.identities for gene in genome])
    rest = iter(blocks)
    return _network(data, shape, [[next(rest) for _ in stage] for stage in shape.stages])


def without_skip(block: Block, in_width: int, wanted: bool) -> Block:
    """The block without its shortcut, if that is wanted and it has one."""
    return replace(block, skip=False) if wanted and keeps_shape(block, in_width) else block


def _folding(
    blocks: Sequence[Block], layers: Sequence[LayerShape], is_identity: Sequence[bool]
) -> list[Block]:
    """What lets every transformation fold: only the next convolution reads its output.

    The layer after an identity has no shortcut. An identity before a max pooling, which does not
    commute with a convolution, runs as it is; that is one with a down-sampling identity after it
    in its row.
    """
    made, pools_later = list(blocks), False
    for k in reversed(range(len(made))):
        layer = layers[k]
        if not is_identity[k]:
            after_identity = k > 0 and is_identity[k - 1]
            made[k] = without_skip(made[k], layer.in_width, after_identity)
        elif pools_later:
            made[k] = Block.identity(layer.width, stride=layer.stride)
        pools_later = is_identity[k] and (pools_later or layer.stride > 1)
    return made


def _block(data: ChoiceData, choice: Choice | str, width: int, stride: int) -> Block:
    """A choice as the supernet runs it."""
    if isinstance(choice, Choice):
        return Block(
            kernel=choice.kernel,
            stride=stride,
            expansion=choice.expansion,
            width=width,
            se=data.se if choice.se else None,
            activation=data.activation,
        )
    if data.identity == "plain":
        return Block.identity(width, stride=stride)
    activation = "relu" if data.identity == "let_relu" else "none"
    return Block.linear(width, stride=stride, activation=activation)


def _network(
    data: ChoiceData, shape: ChoiceShape, stages: Sequence[Sequence[Block]]
) -> Architecture:
    return Architecture(
        name=data.name,
        resolution=data.resolution,
        in_channels=data.in_channels,
        num_classes=data.num_classes,
        stem=shape.stem,
        stages=(
            Stage(blocks=(shape.first,)),
            *(Stage(blocks=tuple(blocks)) for blocks in stages),
        ),
        head=shape.head,
        rounding=Rounding(width=data.width_divisor, resolution=data.resolution_divisor),
    )
