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

import torch
from torch import Tensor, nn

from escalade.core.network.architecture import Architecture, Block
from escalade.nets.facts import is_residual
from escalade.nets.residual_norms import last_norm

GROUPED = "conv2_kxk.conv.weight"
# activations that change nothing where they have been applied before
IDEMPOTENT = ("relu", "relu6")
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
    num_carried = 0
    with torch.no_grad():
        for name, large in network.state_dict().items():
            if _is_new_block(name, of):
                continue
            small = state.get(name)
            if small is not None:
                num_carried += small.numel() if large.is_floating_point() else 0
                large.copy_(carried(large, small, is_grouped=name.endswith(GROUPED)))
        new = _new_blocks(architecture, of)
        for i, k, block in new:
            for kind in ("weight", "bias"):
                network.get_parameter(f"{last_norm(block.kind, i, k)}.{kind}").zero_()
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


def _new_blocks(large: Architecture, small: Architecture) -> list[tuple[int, int, Block]]:
    """Blocks that can be the identity and that the small network lacks: stage, position, block."""
    return [
        (i, k, block)
        for (i, k), (in_width, block) in _blocks(large).items()
        if k >= small.depths[i] and block.keeps_shape(in_width) and block.has_shortcut(in_width)
    ]


def _blocks(architecture: Architecture) -> dict[tuple[int, int], tuple[int, Block]]:
    """Each block with its input width, under its stage and position."""
    found, width = {}, architecture.stem.width
    for i, stage in enumerate(architecture.stages):
        for k, block in enumerate(stage.blocks):
            found[i, k] = (width, block)
            width = block.width
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
    for (i, k), (in_width, block) in new.items():
        where = f"stages[{i}].blocks[{k}]"
        if (i, k) in old:
            found += [f"{where}: {why}" for why in _differs(in_width, block, *old[i, k])]
        elif not block.has_shortcut(in_width):
            found.append(f"{where} is new and has no shortcut")
        elif not block.keeps_shape(in_width):
            found.append(f"{where} is new and its shortcut changes its input")
        elif block.kind == "bottleneck" and not _passes(block, new[i, k - 1][1]):
            found.append(f"{where} is new and its activation changes its input")
    return sorted(found)


def _passes(block: Block, before: Block) -> bool:
    """Whether the activation after the shortcut leaves alone what the block before gave."""
    return block.activation in IDEMPOTENT and block.activation == before.activation


def _differs(in_width: int, block: Block, old_in_width: int, old: Block) -> list[str]:
    """Why a block cannot compute what its smaller namesake does."""
    found = []
    if (block.kind, block.stride, block.activation) != (old.kind, old.stride, old.activation):
        found.append("kind, stride or activation differs")
    if block.has_shortcut(in_width) != old.has_shortcut(old_in_width):
        found.append("only one of the two has a shortcut")
    elif block.has_projection(in_width) != old.has_projection(old_in_width):
        found.append("only one of the two has a projection in its shortcut")
    if old.kind == "identity" and in_width > old_in_width < old.width:
        found.append("it appended zero channels that are now its input's")
    if block.kernel < old.kernel:
        found.append("its kernel is smaller")
    if block.width < old.width or block.hidden(in_width) < old.hidden(old_in_width):
        found.append("it is narrower")
    if not _holds_groups(block, in_width, old, old_in_width):
        found.append("its groups do not hold the old ones")
    if (block.se is None) != (old.se is None):
        found.append("only one of the two has squeeze-excitation")
    elif block.se is not None and old.se is not None:
        if (block.se.activation, block.se.gate) != (old.se.activation, old.se.gate):
            found.append("squeeze-excitation's activation or gate differs")
        if block.se_width(in_width) < old.se_width(old_in_width):
            found.append("squeeze-excitation is narrower")
    return found


def _holds_groups(block: Block, in_width: int, old: Block, old_in_width: int) -> bool:
    """Whether every old group's channels are in one new group."""
    if block.group_width is None and old.group_width is None:
        return True
    hidden = old.hidden(old_in_width)
    new_group = block.group_width or block.hidden(in_width)
    old_group = old.group_width or hidden
    return hidden <= new_group or new_group % old_group == 0
