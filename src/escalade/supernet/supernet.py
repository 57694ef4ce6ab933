"""The supernet: the weights of every path of a space, and no memory of any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from torch import nn

from escalade.core.network import fittings, kinds
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block
from escalade.core.space.shape import StageShape, SupernetShape
from escalade.supernet import shapes
from escalade.supernet.shared_weights import SharedWeights


class Supernet(SharedWeights):
    """The weight-sharing network of a space, called with the architecture that shall run.

    A path uses the leading channels of every layer, the leading blocks of every stage and the
    centre of every kernel (or its kernel's own weights, without `shared_kernels`).

    Args:
        shape: the largest size of every elastic dimension.
        coupled: allow the right side, which uses the trailing channels instead of the leading
            ones everywhere but at the images and the classes (BCNet; ScaleNet, section 4.1).
        zero_residual: start with gamma 0 in the last batch norm of every block that has a
            shortcut in every path, so that it begins as its shortcut (BigNAS, section 3.1).
    """

    def __init__(
        self, shape: SupernetShape, *, coupled: bool = False, zero_residual: bool = False
    ) -> None:
        super().__init__(_held(shape), coupled=coupled)
        self.shape = shape
        if zero_residual:
            for name in _residual_gammas(shape):
                nn.init.zeros_(self.get_parameter(name))

    def _keys(self, architecture: Architecture) -> Callable[[str], str]:
        _check(self.shape, architecture)
        if self.shape.shared_kernels:
            return lambda name: name
        return partial(_kernel_key, architecture=architecture)


def _held(shape: SupernetShape) -> shapes.Weights:
    found = shapes.of_stem(shape.stem, in_channels=shape.in_channels)
    for i, stage in enumerate(shape.stages):
        for k in range(stage.depth):
            for prefix, block in _sets(stage, k, shared=shape.shared_kernels):
                in_width = stage.largest_in_width(k)
                weights = shapes.of_block(block, in_width)
                if stage.transition:  # paths may change the width where the largest does not
                    for layer in fittings.transition(block, in_width, projects=True):
                        weights |= shapes.of_layer(layer)
                for name, weight in weights.items():
                    found[f"blocks.{i}.{k}.{prefix}{name}"] = weight
    return found | shapes.of_head(
        shape.head,
        in_width=shape.stages[-1].width,
        num_classes=shape.num_classes,
        num_stages=len(shape.stages),
    )


def _sets(stage: StageShape, position: int, *, shared: bool) -> list[tuple[str, Block]]:
    """The blocks whose weights a layer holds, each with what stands before their names."""
    largest = stage.largest_block(position)
    if shared:
        return [("", largest)]
    return [(f"kernel_{kernel}.", replace(largest, kernel=kernel)) for kernel in stage.kernels]


def _residual_gammas(shape: SupernetShape) -> list[str]:
    return [
        f"blocks.{i}.{k}.{prefix}{kinds.layers(block, stage.width).last_norm}.weight"
        for i, stage in enumerate(shape.stages)
        for k in range(stage.depth)
        for prefix, block in _sets(stage, k, shared=shape.shared_kernels)
        if stage.always_adds(k)
    ]


def _kernel_key(name: str, architecture: Architecture) -> str:
    """Where the supernet holds a parameter when each kernel has weights of its own."""
    if not name.startswith("blocks."):
        return name
    blocks, i, k, rest = name.split(".", 3)
    if int(i) == len(architecture.stages):  # the last convolution of a head with a hidden layer
        return name
    kernel = architecture.stages[int(i)].blocks[int(k)].kernel
    return f"{blocks}.{i}.{k}.kernel_{kernel}.{rest}"


def _check(shape: SupernetShape, architecture: Architecture) -> None:
    """Raise unless the supernet has the architecture's blocks; `view` checks the widths."""
    for field in ("in_channels", "num_classes"):
        held, asked = getattr(shape, field), getattr(architecture, field)
        if held != asked:
            raise ValueError(f"{field}: the supernet has {held}, the architecture {asked}")
    if shape.stem.kernel != architecture.stem.kernel:
        raise ValueError(f"stem.kernel: the supernet has {shape.stem.kernel}")
    if len(shape.stages) != len(architecture.stages):
        raise ValueError(f"stages: the supernet has {len(shape.stages)}")
    for i, (held, stage) in enumerate(zip(shape.stages, architecture.stages, strict=True)):
        if len(stage.blocks) > held.depth:
            raise ValueError(f"stages[{i}]: the supernet has at most {held.depth} blocks here")
        for k, block in enumerate(stage.blocks):
            if (
                block.kind != held.kind
                or block.kernel not in held.kernels
                or (block.se is not None and held.se is None)
                or (block.transition and not held.transition)
            ):
                raise ValueError(f"stages[{i}].blocks[{k}]: the supernet holds no such block")
