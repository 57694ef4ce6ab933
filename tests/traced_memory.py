"""Peak memory by brute force: every operation that torch runs, and which tensors are alive then.

Batch norm is folded; what works element by element takes the place of an input of the same size
that nobody needs afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

ELEMENT_BY_ELEMENT = {
    *("relu", "hardtanh", "hardswish", "silu", "sigmoid", "hardsigmoid", "clamp", "clamp_min"),
    *("add", "mul", "div", "native_batch_norm", "_native_batch_norm_legit_no_training"),
}


class Trace(TorchDispatchMode):
    """Every operation's name, and the storages that it reads and writes."""

    def __init__(self, constants: set[int]) -> None:
        super().__init__()
        self.constants, self.kept = constants, []
        self.operations: list[tuple[str, list[int], int]] = []
        self.sizes: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        name, made = func.overloadpacket.__name__.removesuffix("_"), [*self.storages(out)]
        if made:  # else it turns weights around
            self.operations.append((name, [*self.storages((args, kwargs))], made[0]))
        return out

    def storages(self, values: Any) -> Iterator[int]:
        """Those of tensors that are no weights."""
        for tensor in tree_leaves(values):
            if isinstance(tensor, Tensor) and (at := storage(tensor)) not in self.constants:
                self.kept.append(tensor)
                self.sizes[at] = tensor.untyped_storage().nbytes() // tensor.element_size()
                yield at


def storage(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata


def peak_numbers(network: nn.Module, images: Tensor) -> int:
    """The most numbers alive at once while a network on `meta` runs."""
    constants = {storage(each) for each in (*network.parameters(), *network.buffers())}
    with torch.no_grad(), Trace(constants) as trace:
        network(images)
    last = {at: i for i, (_, read, made) in enumerate(trace.operations) for at in (*read, made)}
    place = {at: at for at in trace.operations[0][1]}
    spans = {at: [0, last[at]] for at in place}
    for i, (name, read, made) in enumerate(trace.operations):
        if made not in place:
            place[made] = made
            if name in ELEMENT_BY_ELEMENT:
                free = [at for at in read if last[at] == i and trace.sizes[at] == trace.sizes[made]]
                place[made] = place[free[0]] if free else made
        span = spans.setdefault(place[made], [i, i])
        span[1] = max(span[1], last[made])
    return max(
        sum(trace.sizes[at] for at, (first, end) in spans.items() if first <= i <= end)
        for i in range(len(trace.operations))
    )
