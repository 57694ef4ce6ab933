"""A larger network that starts as the function a smaller one computes (ARCHITECTURE.md).

One rule carries every tensor: the small one lies in the leading corner of the large one, and an
old output reads nothing new. In words: new channels keep their initialisation where they are made
and weigh zero where old channels read them (Net2Net's widening, Chen et al. 2016, with zeros for
its copies), larger kernels are the smaller ones with a border of zeros, and new residual blocks
have gamma zero in their last batch norm, so they are the identity. Gradients reach every new
weight after the first step. A projection in a shortcut is carried like any other convolution; a
new block that has one cannot be the identity and keeps its initialisation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter
from typing import TypeVar

import torch
from torch import Tensor, nn

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block
from escalade.core.network.layers import Conv, Excitation, Layer, Layers, Pad
from escalade.core.network.parts import Part, parts_of
from escalade.nets.facts import is_residual

# activations that change nothing where they have been applied before
IDEMPOTENT = ("relu", "relu6")
AnyLayer = TypeVar("AnyLayer", bound=Layer)
_BLOCK = re.compile(r"(?:blocks|stages)\.(\d+)\.(\d+)\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmStart:
    """What was carried over.

    Attributes:
        num_carried: parameters that came from the small network.
        num_new_blocks: blocks that start as the identity.
        breaks: why the function is not the same at equal resolution; empty where it is.
    """

    num_carried: int
    num_new_blocks: int
    breaks: tuple[str, ...]


def warm_start(
    network: nn.Module,
    architecture: Architecture,
    *,
    state: Mapping[str, Tensor],
    of: Architecture,
) -> WarmStart:
    """Start `network`, built from `architecture`, from the weights of a smaller one, in place.

    Blocks are matched by stage and position; scaled depth repeats a stage's last block, so what
    lies past the small network's depth is new. Where nothing shrinks and the shortcuts are the
    same, the network in evaluation mode computes what the small one does at equal resolution.

    Args:
        network: freshly initialised, in timm's names.
        architecture: what `network` is.
        state: the small network's weights in timm's names.
        of: the small network's architecture, for the same data.

    Raises:
        ValueError: if classes, input channels, the number of stages or the sort of network differ.
    """
    _comparable(architecture, of)
    num_carried, grouped = 0, _grouped(architecture)
    with torch.no_grad():
        for name, large in network.state_dict().items():
            if _is_new_block(name, of):
                continue
            small = state.get(name)
            if small is not None:
                num_carried += small.numel() if large.is_floating_point() else 0
                large.copy_(carried(large, small, is_grouped=name in grouped))
        new = _new_norms(architecture, of)
        for norm in new:
            for kind in ("weight", "bias"):
                network.get_parameter(f"{norm}.{kind}").zero_()
    return WarmStart(
        num_carried=num_carried, num_new_blocks=len(new), breaks=tuple(_breaks(architecture, of))
    )


def carried(large: Tensor, small: Tensor, *, is_grouped: bool = False) -> Tensor:
    """`large` with `small` in its leading corner; old outputs read nothing from new inputs.

    Convolutions and linear layers are (outputs, inputs, ...), kernels are aligned at their
    centre. Vectors (batch norm, biases) have outputs only. A grouped convolution has as many
    outputs as inputs, and (outputs, inputs of a group, ...): an old output keeps those inputs
    that are in its new group.
    """
    if large.dim() == 0:
        return small
    made = large.clone()
    outputs = min(large.shape[0], small.shape[0])
    if large.dim() == 1:
        made[:outputs] = small[:outputs]
        return made
    made[:outputs] = 0
    new, old = large.shape[1], small.shape[1]
    edges = [0, outputs]
    if is_grouped:
        edges = sorted({*range(0, outputs, new), *range(0, outputs, old), outputs})
    into, out_of = _centred(large, small)
    for first, last in pairwise(edges):
        start_new, start_old = (first // new * new, first // old * old) if is_grouped else (0, 0)
        start = max(start_new, start_old)
        stop = min(start_new + new, start_old + old)
        where = (slice(first, last), slice(start - start_new, stop - start_new), *into)
        source = (slice(first, last), slice(start - start_old, stop - start_old), *out_of)
        made[where] = small[source]
    return made


def _centred(large: Tensor, small: Tensor) -> tuple[list[slice], list[slice]]:
    """The kernel positions that both have, in either."""
    into, out_of = [], []
    for new, old in zip(large.shape[2:], small.shape[2:], strict=True):
        side = min(new, old)
        into.append(slice((new - side) // 2, (new + side) // 2))
        out_of.append(slice((old - side) // 2, (old + side) // 2))
    return into, out_of


def _comparable(large: Architecture, small: Architecture) -> None:
    for field in ("num_classes", "in_channels"):
        if getattr(large, field) != getattr(small, field):
            raise ValueError(
                f"warm start: {field} is {getattr(large, field)} here and "
                f"{getattr(small, field)} there; adapt the weights first"
            )
    if len(large.stages) != len(small.stages):
        raise ValueError(
            f"warm start: {len(large.stages)} stages cannot start from {len(small.stages)}; "
            "use members of one family"
        )
    if _sort(large) != _sort(small):
        raise ValueError(
            f"warm start: a network of {_sort(large)} cannot start from one of {_sort(small)}; "
            "use members of one family"
        )


def _sort(architecture: Architecture) -> str:
    """Networks of one sort have the same names for the same layers."""
    if is_residual(architecture):
        return "bottleneck blocks"
    hidden = "with" if architecture.head.hidden is not None else "without"
    return f"depthwise blocks {hidden} head.hidden"


def _is_new_block(name: str, small: Architecture) -> bool:
    found = _BLOCK.match(name)
    if found is None or int(found[1]) == len(small.stages):  # timm's last convolution
        return False
    return int(found[2]) >= small.depths[int(found[1])]


def _grouped(architecture: Architecture) -> set[str]:
    """The weights of grouped convolutions."""
    return {
        f"{prefix}{conv.name}.weight"
        for prefix, part in parts_of(architecture)
        for conv in part.layers.convs
        if conv.group_width is not None
    }


def _new_norms(large: Architecture, small: Architecture) -> list[str]:
    """The last batch norm of each block that can be the identity and that the small one lacks."""
    return [
        placed.prefix + placed.part.layers.last_norm
        for (i, k), placed in _blocks(large).items()
        if k >= small.depths[i] and placed.part.layers.shortcut == ()
    ]


@dataclass(frozen=True, slots=True)
class _Placed:
    """A block where it stands: what is before its names, and its layers."""

    prefix: str
    block: Block
    part: Part


def _blocks(architecture: Architecture) -> dict[tuple[int, int], _Placed]:
    """Each block under its stage and position."""
    found, (_, *parts) = {}, parts_of(architecture)
    rest = iter(parts)
    for i, stage in enumerate(architecture.stages):
        for k, block in enumerate(stage.blocks):
            prefix, part = next(rest)
            found[i, k] = _Placed(prefix, block, part)
    return found


def _breaks(large: Architecture, small: Architecture) -> list[str]:
    found = []
    widths = (large.head.width, small.head.width)
    if (widths[0] is None) != (widths[1] is None):
        found.append("only one of the two has a convolution before pooling")
    narrower_head = large.features < small.features or (widths[0] or 0) < (widths[1] or 0)
    if large.stem.width < small.stem.width or narrower_head:
        found.append("the stem or the head is narrower")
    if large.stem.max_pool != small.stem.max_pool:
        found.append("only one of the two has a max pool in its stem")
    if (large.stem.stride, large.stem.activation) != (small.stem.stride, small.stem.activation):
        found.append("the stem's stride or activation differs")
    if large.stem.kernel < small.stem.kernel:
        found.append("the stem's kernel is smaller")
    if large.head.activation != small.head.activation:
        found.append("the head's activation differs")
    new, old = _blocks(large), _blocks(small)
    for i, k in old.keys() - new.keys():
        found.append(f"stages[{i}].blocks[{k}] is gone")
    for (i, k), placed in new.items():
        where = f"stages[{i}].blocks[{k}]"
        if (i, k) in old:
            found += [f"{where}: {why}" for why in _differs(placed, old[i, k])]
        elif placed.part.layers.shortcut is None:
            found.append(f"{where} is new and has no shortcut")
        elif placed.part.layers.shortcut:
            found.append(f"{where} is new and its shortcut changes its input")
        elif not _passes(placed.part.layers, new[i, k - 1].part.layers):
            found.append(f"{where} is new and its activation changes its input")
    return sorted(found)


def _passes(layers: Layers, before: Layers) -> bool:
    """Whether the activation after the shortcut leaves alone what the block before gave."""
    activation = layers.activation
    return activation == "none" or (activation in IDEMPOTENT and activation == before.activation)


def _differs(new: _Placed, old: _Placed) -> list[str]:
    """Why a block cannot compute what its smaller namesake does."""
    found = []
    sort = attrgetter("kind", "stride", "activation")
    if sort(new.block) != sort(old.block):
        found.append("kind, stride or activation differs")
    layers, others = new.part.layers, old.part.layers
    if layers.adds != others.adds:
        found.append("only one of the two has a shortcut")
    elif layers.projects != others.projects:
        found.append("only one of the two has a projection in its shortcut")
    if _of(Pad, others) and new.part.in_width > old.part.in_width:
        found.append("it appended zero channels that are now its input's")
    convs = {conv.name: conv for conv in layers.convs}
    pairs = [(convs[conv.name], conv) for conv in others.convs if conv.name in convs]
    if new.block.kind == old.block.kind and _names(layers) != _names(others):
        found.append("only one of the two has one of the convolutions")
    if any(conv.kernel < before.kernel for conv, before in pairs):
        found.append("its kernel is smaller")
    narrower = any(conv.width < before.width for conv, before in pairs)
    if narrower or new.block.width < old.block.width:
        found.append("it is narrower")
    if not all(_holds_groups(conv, before) for conv, before in pairs):
        found.append("its groups do not hold the old ones")
    return found + _differs_in_excitation(_of(Excitation, layers), _of(Excitation, others))


def _names(layers: Layers) -> list[str]:
    """Of the branch's convolutions."""
    return [layer.name for layer in layers.branch if isinstance(layer, Conv)]


def _of(sort: type[AnyLayer], layers: Layers) -> AnyLayer | None:
    """The layer of that sort in the branch, if there is one."""
    return next((layer for layer in layers.branch if isinstance(layer, sort)), None)


def _holds_groups(new: Conv, old: Conv) -> bool:
    """Whether every old group's channels are in one new group."""
    if new.group_width is None or old.group_width is None:
        return True
    return bool(old.width <= new.group_width or new.group_width % old.group_width == 0)


def _differs_in_excitation(new: Excitation | None, old: Excitation | None) -> list[str]:
    if new is None or old is None:
        return [] if new is old else ["only one of the two has squeeze-excitation"]
    found = []
    activations = [(each.reduce.activation, each.expand.activation) for each in (new, old)]
    if activations[0] != activations[1]:
        found.append("squeeze-excitation's activation or gate differs")
    if new.reduce.width < old.reduce.width:
        found.append("squeeze-excitation is narrower")
    return found
