"""Linearly equivalent identities of a slice folded into what reads them (SCARLET)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from escalade.core.network import kinds
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Stage
from escalade.core.network.branches import Layers
from escalade.core.network.layers import Conv, Pool
from escalade.core.network.parts import parts_of
from escalade.supernet.lemmas import Convolution, fold_into

Position = tuple[int, int]
"""Stage and block, counted from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Folded:
    """A slice without the identities that fold.

    Attributes:
        architecture: the network that is left.
        weights: its tensors in timm's names.
        folded: where the identities were that are gone, in the architecture before.
        kept: where those are that stay, in the architecture before, each with the reason.
    """

    architecture: Architecture
    weights: dict[str, Tensor]
    folded: tuple[Position, ...] = ()
    kept: tuple[tuple[Position, str], ...] = ()


@torch.no_grad()
def fold(weights: Mapping[str, Tensor], running: Architecture) -> Folded:
    """Fold every identity whose output only the next layer's first convolution reads.

    Identities in a row fold into each other; the max pooling of a down-sampling one stays. Zero
    channels that a plain identity appends fold, too. The network that is left computes the same
    to float error, batch norm statistics included: they are of what comes after the convolution
    that changes. Hidden widths stay, so the expansion of a layer that takes an identity in is its
    hidden width over its new input width. Emptied stages are gone.

    Args:
        weights: of `running` in timm's names, a state dict or a path's slices; not changed.
        running: a slice's network, `Path.running`.
    """
    layers, others = _layers(weights, running)
    folded: list[Position] = []
    kept: list[tuple[Position, str]] = []
    left: list[_Layer] = []
    for layer, reader in itertools.pairwise((*layers, None)):
        assert layer is not None
        if not kinds.of(layer.block).left_out:
            left.append(layer)
            continue
        reason = _reason(layer, None if reader is None else reader.block, is_only=not left)
        if reason is not None:
            kept.append((layer.position, reason))
            left.append(layer)
            continue
        folded.append(layer.position)
        if reader is None:
            head = _head(running)
            others[head] = layer.folded_into(others[head])
        else:
            reader.take_in(layer)
        if layer.block.stride > 1:
            left.append(layer.pooling())
    return _assembled(running, left, others, folded=tuple(folded), kept=tuple(kept))


@dataclass(slots=True, kw_only=True)
class _Layer:
    """A block with its tensors by their names within it."""

    position: Position
    block: Block
    in_width: int
    weights: dict[str, Tensor]

    def folded_into(self, second: Tensor) -> Tensor:
        """What the weight that reads this identity becomes; appended channels were zero."""
        for weight in self.weights.values():  # the only one, of a 1x1 convolution
            second = fold_into(weight, Convolution(weight=second)).weight
        return second[:, : self.in_width]

    def take_in(self, identity: _Layer) -> None:
        """Read what an identity reads, and be the same otherwise."""
        conv = _reading(kinds.layers(self.block, self.in_width))
        if conv is not None:
            name = f"{conv.name}.weight"
            self.weights[name] = identity.folded_into(self.weights[name])
        if identity.in_width != self.in_width:
            self.block = _narrowed(self.block, self.in_width, identity.in_width)
        self.in_width = identity.in_width

    def pooling(self) -> _Layer:
        """What is left of a down-sampling identity whose convolution has folded."""
        block = Block.identity(self.in_width, stride=self.block.stride)
        return replace(self, block=block, weights={})


def _narrowed(block: Block, before: int, after: int) -> Block:
    """The same block on another input width: equal widths inside, and no shortcut as before."""
    hidden, se = kinds.hidden(block, before), block.se
    if se is not None and se.of == "input":
        se = replace(se, of="hidden", ratio=kinds.se_width(block, before) / hidden, divisor=1)
    if kinds.of(block).expands:
        block = replace(block, expansion=hidden / after, se=se)
    return replace(block, skip=False) if kinds.layers(block, after).adds else block


def _reading(layers: Layers) -> Conv | None:
    """What reads all channels of a block's input, or of its poolings."""
    others = (layer for layer in layers.branch if not isinstance(layer, Pool))
    first = next(others, None)
    return first if isinstance(first, Conv) and first.reads_all else None


def _reason(layer: _Layer, reader: Block | None, *, is_only: bool) -> str | None:
    """Why an identity does not fold into the layer that reads it; None if it does."""
    block, has_conv = layer.block, bool(layer.weights)
    if block.activation != "none":
        return f"{block.activation} follows it"
    if reader is None:
        return "it is the only layer" if is_only and block.stride == 1 else None
    if not has_conv and block.width == layer.in_width:
        return None
    layers = kinds.layers(reader, block.width)
    if layers.adds:
        return "the shortcut of the next layer reads it, too"
    reads = _reading(layers) is not None
    if not kinds.of(reader).left_out:
        wanted = "does not begin with a convolution of all channels"
        return None if reads else f"the next layer, {reader.kind}, {wanted}"
    if has_conv and reader.stride > 1:
        return "max pooling reads it"
    if has_conv and not reads:
        return "no convolution follows it in the next layer"
    return None


def _layers(
    weights: Mapping[str, Tensor], running: Architecture
) -> tuple[list[_Layer], dict[str, Tensor]]:
    """The blocks in the order they run, and the tensors of the stem and the head."""
    layers: list[_Layer] = []
    others, width = dict(weights), running.stem.width
    for i, stage in enumerate(running.stages):
        for k, block in enumerate(stage.blocks):
            at = f"blocks.{i}.{k}."
            own = {name: others.pop(name) for name in weights if name.startswith(at)}
            own = {name.removeprefix(at): tensor for name, tensor in own.items()}
            layers.append(_Layer(position=(i, k), block=block, in_width=width, weights=own))
            width = block.width
    return layers, others


def _head(architecture: Architecture) -> str:
    """The weight of the convolution before pooling."""
    *_, (prefix, part), _ = parts_of(architecture)
    (conv,) = part.layers.convs
    return f"{prefix}{conv.name}.weight"


def _assembled(
    running: Architecture, layers: list[_Layer], others: dict[str, Tensor], **facts: Any
) -> Folded:
    """The network of what is left; stages without a layer are gone."""
    groups = [list(group) for _, group in itertools.groupby(layers, key=lambda x: x.position[0])]
    stages = tuple(Stage(blocks=tuple(layer.block for layer in group)) for group in groups)
    found = {}
    before, after = f"blocks.{len(running.stages)}.", f"blocks.{len(stages)}."
    for name, tensor in others.items():
        found[name.replace(before, after)] = tensor
    for i, group in enumerate(groups):
        for k, layer in enumerate(group):
            for name, tensor in layer.weights.items():
                found[f"blocks.{i}.{k}.{name}"] = tensor
    return Folded(architecture=replace(running, stages=stages), weights=found, **facts)
