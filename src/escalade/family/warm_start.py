"""A larger network that starts as the function a smaller one computes (ARCHITECTURE.md).

One rule carries every tensor: the small one lies in the leading corner of the large one, and an
old output reads nothing new. In words: new channels keep their initialisation where they are made
and weigh zero where old channels read them (Net2Net's widening, Chen et al. 2016, with zeros for
its copies), larger kernels are the smaller ones with a border of zeros, and new residual blocks
have gamma zero in their last batch norm, so they are the identity. Gradients reach every new
weight after the first step.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from escalade.core.architecture import Architecture, Block

LAST_NORM = {"mbconv": "bn3", "dsconv": "bn2"}
_BLOCK = re.compile(r"blocks\.(\d+)\.(\d+)\.(.+)")


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
        ValueError: if classes, input channels or the number of stages differ.
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
                large.copy_(carried(large, small))
        new = _new_blocks(architecture, of)
        for i, k, block in new:
            for kind in ("weight", "bias"):
                last = network.get_parameter(f"blocks.{i}.{k}.{LAST_NORM[block.kind]}.{kind}")
                last.zero_()
    return WarmStart(
        num_carried=num_carried, num_new_blocks=len(new), breaks=tuple(_breaks(architecture, of))
    )


def carried(large: Tensor, small: Tensor) -> Tensor:
    """`large` with `small` in its leading corner; old outputs read nothing from new inputs.

    Convolutions and linear layers are (outputs, inputs, ...), kernels are aligned at their
    centre. Vectors (batch norm, biases) have outputs only.
    """
    if large.dim() == 0:
        return small
    made = large.clone()
    outputs = min(large.shape[0], small.shape[0])
    if large.dim() == 1:
        made[:outputs] = small[:outputs]
        return made
    made[:outputs] = 0
    inputs = min(large.shape[1], small.shape[1])
    into: list[slice] = [slice(outputs), slice(inputs)]
    out_of: list[slice] = [slice(outputs), slice(inputs)]
    for new, old in zip(large.shape[2:], small.shape[2:], strict=True):
        side = min(new, old)
        into.append(slice((new - side) // 2, (new + side) // 2))
        out_of.append(slice((old - side) // 2, (old + side) // 2))
    made[tuple(into)] = small[tuple(out_of)]
    return made


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


def _is_new_block(name: str, small: Architecture) -> bool:
    found = _BLOCK.match(name)
    return found is not None and int(found[2]) >= small.depths[int(found[1])]


def _new_blocks(large: Architecture, small: Architecture) -> list[tuple[int, int, Block]]:
    """Residual blocks that the small network lacks: stage, position, block."""
    return [
        (i, k, block)
        for (i, k), (in_width, block) in _blocks(large).items()
        if k >= small.depths[i] and _has_shortcut(in_width, block)
    ]


def _blocks(architecture: Architecture) -> dict[tuple[int, int], tuple[int, Block]]:
    """Each block with its input width, under its stage and position."""
    found, width = {}, architecture.stem.width
    for i, stage in enumerate(architecture.stages):
        for k, block in enumerate(stage.blocks):
            found[i, k] = (width, block)
            width = block.width
    return found


def _has_shortcut(in_width: int, block: Block) -> bool:
    return block.stride == 1 and in_width == block.width


def _breaks(large: Architecture, small: Architecture) -> list[str]:
    found = []
    if large.stem.width < small.stem.width or large.features < small.features:
        found.append("the stem or the head is narrower")
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
        elif not _has_shortcut(in_width, block):
            found.append(f"{where} is new and has no shortcut")
    return sorted(found)


def _differs(in_width: int, block: Block, old_in_width: int, old: Block) -> list[str]:
    """Why a block cannot compute what its smaller namesake does."""
    found = []
    if (block.kind, block.stride, block.activation) != (old.kind, old.stride, old.activation):
        found.append("kind, stride or activation differs")
    if _has_shortcut(in_width, block) != _has_shortcut(old_in_width, old):
        found.append("only one of the two has a shortcut")
    if block.kernel < old.kernel:
        found.append("its kernel is smaller")
    if block.width < old.width or block.hidden(in_width) < old.hidden(old_in_width):
        found.append("it is narrower")
    if (block.se is None) != (old.se is None):
        found.append("only one of the two has squeeze-excitation")
    elif block.se is not None and old.se is not None:
        if (block.se.activation, block.se.gate) != (old.se.activation, old.se.gate):
            found.append("squeeze-excitation's activation or gate differs")
        if block.se_width(in_width) < old.se_width(old_in_width):
            found.append("squeeze-excitation is narrower")
    return found
