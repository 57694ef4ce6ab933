"""A made-up device: a call, a multiply-add, a number read and a sum take their time each.

Parts are timed by what their layers say of them, whole networks by what torch runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from escalade.core.latency.work import Work, work_of
from escalade.core.network.architecture import Architecture
from escalade.core.network.parts import Part, parts_of
from escalade.nets.build import blank

CALL, MAC, READ, SUM = 2e-5, 1e-9, 2e-9, 1e-5
# What runs as one in timm's networks; a MobileNetV3 has `conv_head` after pooling.
_BLOCKS = r"(blocks|stages)\.\d+\.\d+"
PARTS = {
    "EfficientNet": re.compile(rf"conv_stem|{_BLOCKS}|conv_head|global_pool"),
    "MobileNetV3": re.compile(rf"conv_stem|{_BLOCKS}|global_pool"),
    "ByobNet": re.compile(rf"stem|{_BLOCKS}|final_conv|head"),
}


def seconds(part: Part) -> float:
    """Of one part, by its layers."""
    reads = part.in_width * part.side**2
    return CALL + MAC * part.macs + READ * reads + SUM * part.layers.adds


def measured(architectures: Iterable[Architecture]) -> dict[Work, float]:
    """Seconds of the parts of networks."""
    parts = (part for each in architectures for _, part in parts_of(each))
    return {work_of(part): seconds(part) for part in parts}


def expected(architecture: Architecture) -> float:
    """Seconds of a whole network: of what its modules read, and torch multiplies and adds."""
    network, reads = blank(architecture).eval(), []

    def read(_: nn.Module, given: tuple[torch.Tensor, ...]) -> None:
        reads.append(given[0].numel())

    is_part = PARTS[type(network).__name__].fullmatch
    for name, module in network.named_modules():
        if is_part(name) and not isinstance(module, nn.Identity):
            module.register_forward_pre_hook(read)
    images = torch.empty(
        (1, architecture.in_channels, architecture.resolution, architecture.resolution),
        device="meta",
    )
    sums = _Sums()
    with torch.no_grad(), FlopCounterMode(display=False) as counter, sums:
        network(images)
    macs = counter.get_total_flops() // 2
    return CALL * len(reads) + MAC * macs + READ * sum(reads) + SUM * sums.num


class _Sums(TorchDispatchMode):
    """Counts sums of two images."""

    num = 0

    def __torch_dispatch__(
        self, function: Any, types: Any, given: tuple[Any, ...] = (), named: Any = None
    ) -> Any:
        is_image = [isinstance(each, torch.Tensor) and each.dim() == 4 for each in given[:2]]
        if "aten::add" in function.name() and is_image == [True, True]:
            self.num += 1
        return function(*given, **(named or {}))
