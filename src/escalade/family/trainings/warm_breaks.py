"""Why a larger network cannot start as the function that a smaller one computes."""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block
from escalade.core.network.branches import Layers
from escalade.core.network.layers import Conv, Excitation, Layer, Pad
from escalade.core.network.parts import Part, parts_of

# activations that change nothing where they have been applied before
IDEMPOTENT = ("relu", "relu6")
AnyLayer = TypeVar("AnyLayer", bound=Layer)


@dataclass(frozen=True, slots=True)
class Placed:
    """A block where it stands: what is before its names, and its layers."""

    prefix: str
    block: Block
    part: Part


def blocks_of(architecture: Architecture) -> dict[tuple[int, int], Placed]:
    """Each block under its stage and position."""
    found, (_, *parts) = {}, parts_of(architecture)
    rest = iter(parts)
    for i, stage in enumerate(architecture.stages):
        for k, block in enumerate(stage.blocks):
            prefix, part = next(rest)
            found[i, k] = Placed(prefix, block, part)
    return found


def breaks(large: Architecture, small: Architecture) -> list[str]:
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
    new, old = blocks_of(large), blocks_of(small)
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


def _differs(new: Placed, old: Placed) -> list[str]:
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
