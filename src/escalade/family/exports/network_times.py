"""How long networks take on this device: inference or training, by any backend, in turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from escalade.artefacts.latencies import Quartiles
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.values.invalid import Invalid
from escalade.evaluate.timing.training_step import SMALLEST_BATCH
from escalade.evaluate.timing.turns import Run, random_images, rounds, summarise
from escalade.family.exports.backends import check, ready
from escalade.train.runtime import Runtime, limit_threads

FREE_SHARE, LARGEST_BATCH, BYTES = 0.5, 1024, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedNetwork:
    """Seconds of one batch, or of one training step, and the images in it."""

    seconds: Quartiles
    batch_size: int

    @property
    def images_per_second(self) -> float:
        """By the median."""
        return self.batch_size / self.seconds.median


def time_networks(
    networks: Mapping[str, tuple[nn.Module, Architecture]],
    *,
    runtime: Runtime,
    batch_size: int | None = 1,
    train: bool = False,
    backend: str = "eager",
    num_repeats: int = 30,
    num_warmup: int = 5,
    threads: int | None = None,
) -> dict[str, TimedNetwork]:
    """Time networks side by side at their own resolutions, in turns.

    Args:
        networks: each with its architecture, by name; they move to the device in channels_last.
        runtime: device and precision.
        batch_size: images at a time; None is for each network a power of two that fits in about
            half of the free memory.
        train: time training steps (forward, backward, optimizer) instead of inference.
        backend: `eager`, `compile` or `onnx` (`escalade.family.exports.backends`).
        num_repeats: timed rounds.
        num_warmup: rounds before them.
        threads: CPU threads while measuring; None leaves them.

    Raises:
        ValueError: if the batch, the backend or the number of repeats is not possible.
    """
    check(backend, runtime=runtime, train=train)
    smallest = SMALLEST_BATCH if train else 1
    if batch_size is not None and batch_size < smallest:
        raise Invalid(
            f"{batch_size} is too small", path=("batch_size",), remedy=f"use {smallest} or more"
        )
    runs: dict[str, Run] = {}
    sizes: dict[str, int] = {}
    with limit_threads(threads):
        for name, (network, architecture) in networks.items():
            runs[name], sizes[name] = prepare(
                network,
                architecture,
                runtime=runtime,
                batch_size=batch_size,
                train=train,
                backend=backend,
            )
        found = rounds(runs, runtime=runtime, num_repeats=num_repeats, num_warmup=num_warmup)
    return {
        name: TimedNetwork(seconds=summarise(seconds), batch_size=sizes[name])
        for name, seconds in found.items()
    }


def prepare(
    network: nn.Module,
    architecture: Architecture,
    *,
    runtime: Runtime,
    batch_size: int | None,
    train: bool,
    backend: str = "eager",
    largest: int = LARGEST_BATCH,
) -> tuple[Run, int]:
    """A network's run and its batch size; the arguments are those of `time_networks`.

    Args:
        largest: the most images a batch chosen by memory may have.

    Raises:
        ValueError: if nothing fits, or the backend cannot do it.
    """
    moved = network.to(runtime.device)
    moved = moved.to(memory_format=torch.channels_last)
    size = batch_size or fitting_batch(
        architecture, train=train, free_bytes=runtime.free_memory(), largest=largest
    )
    while True:
        images = random_images(
            size,
            in_channels=architecture.in_channels,
            resolution=architecture.resolution,
            device=runtime.device,
        )
        classes = architecture.num_classes if train else None
        try:
            run = ready(moved, images, backend=backend, runtime=runtime, train_classes=classes)
            if batch_size is None:
                run()
        except (torch.OutOfMemoryError, MemoryError):
            if batch_size is not None or size <= SMALLEST_BATCH:
                raise
            size //= 2
            continue
        return run, size


def fitting_batch(
    architecture: Architecture, *, train: bool, free_bytes: int, largest: int = LARGEST_BATCH
) -> int:
    """The largest power of two of images whose activations take half of the free memory at most.

    A rough count: a training step keeps about four numbers an activation (what convolution, batch
    norm and nonlinearity give, and a gradient), inference less than one.
    """
    numbers = 4 if train else 1
    most = FREE_SHARE * free_bytes / (BYTES * numbers * cost.of(architecture).activations)
    smallest = SMALLEST_BATCH if train else 1
    return max(smallest, 1 << (min(int(most), largest) | 1).bit_length() - 1)
