"""Linearly equivalent identities folded into what reads them (SCARLET, Lemmas 1 and 2).

`fold_linear` and `fold_into` are the lemmas, on tensors; `fold` applies them to a slice.
"""

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
from escalade.core.network.layers import Conv, Layers, Pool
from escalade.core.network.parts import parts_of

NUM_CONV_DIMS = 4
Position = tuple[int, int]
"""Stage and block, counted from 0."""


def fold_linear(first: Tensor, second: Tensor) -> Tensor:
    """Lemma 1: the linear layer, or 1x1 convolution, that does what two in a row do.

    Args:
        first: (middle, inputs) or (middle, inputs, 1, 1), without bias or activation after it.
        second: (outputs, middle) or (outputs, middle, 1, 1); its bias stays as it is.

    Returns:
        (outputs, inputs), with as many dimensions as `second` and of its type.

    Raises:
        ValueError: if the two do not follow each other.
    """
    _check_follow(first, second)
    if second.dim() == NUM_CONV_DIMS and second.shape[2:] != (1, 1):
        raise ValueError(f"second: {tuple(second.shape)} has a kernel; use fold_into")
    return _product(first, second)


@dataclass(frozen=True, slots=True, kw_only=True)
class Convolution:
    """One convolution: its weight, (outputs, inputs, k, k), and how it runs."""

    weight: Tensor
    bias: Tensor | None = None
    stride: int = 1
    padding: int = 0
    dilation: int = 1


def fold_into(
    first: Tensor, second: Convolution, *, stride: int = 1, bias: Tensor | None = None
) -> Convolution:
    """Lemma 2, with strides and padding: a 1x1 convolution folded into the k x k one after it.

    The first's stride s spreads the kernel over every s-th pixel of its input: strides multiply,
    dilation and padding grow s times. Zero padding of the second is exact because a first without
    bias makes zeros of zeros.

    Args:
        first: (middle, inputs, 1, 1), without activation after it.
        second: the convolution that reads it, not a grouped one.
        stride: of the first, whose padding is 0.
        bias: of the first, (middle,).

    Raises:
        ValueError: if the two do not follow each other, or the first has a bias and the second
            pads: the border would see the bias in one and zeros in the other.
    """
    _check_follow(first, second.weight)
    weight = _product(first, second.weight)
    made = second.bias
    if bias is not None:
        if second.padding:
            raise ValueError(
                f"bias: it does not fold into a convolution with padding {second.padding}, whose "
                "border has zeros where the first layer's output would be its bias; use padding 0 "
                "or a first layer without bias"
            )
        shift = second.weight.double().sum((2, 3)) @ bias.double()
        made = (shift if made is None else made + shift).to(weight.dtype)
    return Convolution(
        weight=weight,
        bias=made,
        stride=stride * second.stride,
        padding=stride * second.padding,
        dilation=stride * second.dilation,
    )


def _check_follow(first: Tensor, second: Tensor) -> None:
    if first.dim() == NUM_CONV_DIMS and first.shape[2:] != (1, 1):
        raise ValueError(f"first: {tuple(first.shape)} has a kernel; only 1x1 convolutions fold")
    if first.dim() != second.dim():
        raise ValueError(
            f"second: {tuple(second.shape)} has other dimensions than the first, "
            f"{tuple(first.shape)}; reshape one of the two"
        )
    if first.shape[0] != second.shape[1]:
        raise ValueError(
            f"second: {tuple(second.shape)} reads {second.shape[1]} channels (of each group), the "
            f"first makes {first.shape[0]}; only an ungrouped layer that reads them all folds"
        )


def _product(first: Tensor, second: Tensor) -> Tensor:
    """Sum over the middle channels, in double precision."""
    mixed = torch.einsum("om...,mi->oi...", second.double(), first.double().flatten(1))
    return mixed.to(second.dtype)


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
