"""An architecture as the plain values its builder takes, every width worked out.

They are JSON and Python literals alike: a member's `model.py` holds them.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from escalade.core.network import kinds
from escalade.core.network.architecture import TORCHS, Architecture
from escalade.core.network.block import Block, Conventions

# The class that timm has for a hidden layer after pooling has its output stride fixed at 32, and
# turns strides beyond into dilation; it takes the stem's for 2 whatever it is.
MAX_STRIDE_OF_HIDDEN = 16


def facts(architecture: Architecture) -> dict[str, Any]:
    """What `mobile.build` or `residual.build` takes.

    Raises:
        ValueError: if timm's builders have no such network: a block other than a stage's first
            has a stride, a width inside a block is 0, the strides of a network with `head.hidden`
            are too large, or there is one stage of bottleneck blocks alone.
    """
    _check_strides(architecture)
    if is_residual(architecture) and len(architecture.stages) == 1:
        kind = architecture.stages[0].blocks[0].kind
        raise ValueError(f"stages: timm builds networks of {kind} blocks from two stages on")
    return {
        "in_channels": architecture.in_channels,
        "num_classes": architecture.num_classes,
        "stem": asdict(architecture.stem),
        "stages": _stages(architecture),
        "head": asdict(architecture.head),
        **_conventions(architecture.conventions),
    }


def _conventions(conventions: Conventions) -> dict[str, Any]:
    """What is not as torch and timm have it anyway."""
    return {} if conventions == TORCHS else {"conventions": asdict(conventions)}


def is_residual(architecture: Architecture) -> bool:
    """Whether the network is built by timm's ByobNet; kinds of the two sorts never mix."""
    return kinds.of(architecture.stages[0].blocks[0]).is_residual


def _stages(architecture: Architecture) -> list[list[dict[str, Any]]]:
    stages = []
    in_width = architecture.stem.width
    for stage in architecture.stages:
        blocks = []
        for block in stage.blocks:
            blocks.append(_block(block, in_width))
            in_width = block.width
        stages.append(blocks)
    return stages


def _block(block: Block, in_width: int) -> dict[str, Any]:
    """Its fields, `skip` and `transition` as they are here: those of the shortcut it has."""
    layers, residual = kinds.layers(block, in_width), kinds.of(block).is_residual
    return asdict(block) | {
        "in_width": in_width,
        "hidden": kinds.hidden(block, in_width),
        "skip": layers.adds,
        "alone": not layers.adds,
        "transition": bool(layers.shortcut) and not residual,
        "se": block.se and asdict(block.se) | {"width": kinds.se_width(block, in_width)},
    }


def _check_strides(architecture: Architecture) -> None:
    for i, stage in enumerate(architecture.stages):
        for k, block in enumerate(stage.blocks[1:], 1):
            if block.stride != 1:
                raise ValueError(
                    f"stages[{i}].blocks[{k}].stride: {block.stride} is only possible in a "
                    "stage's first block; start a new stage here"
                )
    product = math.prod(stage.blocks[0].stride for stage in architecture.stages)
    if architecture.head.hidden is not None and product > MAX_STRIDE_OF_HIDDEN:
        raise ValueError(
            f"stages: strides whose product is {product} cannot be built with head.hidden, "
            f"{MAX_STRIDE_OF_HIDDEN} at most; use head.hidden: null"
        )
