"""The memory that a batch takes, counted without computing it, and the batch that fits.

A batch runs on tensors that have shapes only (torch's `meta` device), and every tensor's bytes
count as long as it lives. That is exactly what torch allocates in fp32; the kernels' scratch comes
on top, which is why only a share of the memory is filled. (On a CPU the process's own peak says
little: it holds memory that earlier work has given back to the allocator.)
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from escalade.core.numbers.budget import format_amount
from escalade.evaluate.training_step import SMALLEST_BATCH
from escalade.train.losses import cross_entropy

FREE_SHARE = 0.5
LARGEST_BATCH = 1024


def batch_bytes(
    network: nn.Module, *, batch_size: int, in_channels: int, resolution: int, train: bool
) -> int:
    """Peak bytes of one batch in fp32, weights included.

    Args:
        network: on any device; left as it is.
        batch_size: images in it.
        in_channels: channels of the images.
        resolution: their side.
        train: a training step (gradients and momentum included) instead of inference.
    """
    shapes = deepcopy(network).to("meta").train(train)
    return _batch_bytes(shapes, (batch_size, in_channels, resolution, resolution))


def largest_batch_size(
    network: nn.Module,
    *,
    in_channels: int,
    resolution: int,
    train: bool,
    free_bytes: int,
    largest: int = LARGEST_BATCH,
) -> int:
    """The largest power of two whose batch fits in half of the free memory.

    Args:
        network, in_channels, resolution, train: as for `batch_bytes`.
        free_bytes: memory there is; half of it is used.
        largest: the most images a batch may have.

    Raises:
        ValueError: if not even the smallest batch fits.
    """
    shapes = deepcopy(network).to("meta").train(train)
    smallest = SMALLEST_BATCH if train else 1
    size = max(smallest, 1 << (largest.bit_length() - 1))
    while True:
        needed = _batch_bytes(shapes, (size, in_channels, resolution, resolution))
        if needed <= FREE_SHARE * free_bytes:
            return size
        if size == smallest:
            raise ValueError(
                f"batch_size: {size} at {resolution} pixels need {format_amount(needed)} bytes, "
                f"more than half of the {format_amount(free_bytes)} that are free; "
                "use a lower resolution"
            )
        size //= 2


def _batch_bytes(shapes: nn.Module, shape: tuple[int, int, int, int]) -> int:
    """Of a network on `meta`, in its mode."""
    train = shapes.training
    images = torch.empty(shape, device="meta").to(memory_format=torch.channels_last)
    live = _LiveBytes([*shapes.parameters(), *shapes.buffers(), images])
    with nullcontext() if train else torch.no_grad(), live:
        logits = shapes(images)
        if train:
            labels = torch.zeros(len(images), dtype=torch.int64, device="meta")
            torch.autograd.backward(cross_entropy(logits, labels))
    shapes.zero_grad(set_to_none=True)
    weights = _num_bytes(shapes.parameters())
    held = weights * (2 if train else 1) + _num_bytes(shapes.buffers())  # the momentum
    return held + _num_bytes([images]) + live.peak


class _LiveBytes(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Counts the bytes of tensors made inside, and their peak.

    Args:
        known: tensors made before, which do not count; nor do views of them.
    """

    def __init__(self, known: Iterable[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak: int = 0
        self._now: int = 0
        self._known = {id(storage): storage for storage in map(_storage, known)}
        self._living: dict[int, weakref.ref[torch.UntypedStorage]] = {}

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[Any],
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        for value in tree_leaves(made):
            if isinstance(value, Tensor):
                self._count(_storage(value))
        return made

    def _count(self, storage: torch.UntypedStorage) -> None:
        key, size = id(storage), storage.nbytes()
        if key in self._known or key in self._living:
            return

        def forget(_: weakref.ref[torch.UntypedStorage]) -> None:
            self._living.pop(key, None)
            self._now -= size

        self._living[key] = weakref.ref(storage, forget)
        self._now += size
        self.peak = max(self.peak, self._now)


def _storage(tensor: Tensor) -> torch.UntypedStorage:
    return tensor.untyped_storage()


def _num_bytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
