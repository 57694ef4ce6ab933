"""How long networks take on this device: inference or training, by any backend, in turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import nn

from escalade.core.network.architecture import Architecture
from escalade.evaluate.latency import Latency, Run, random_images, rounds, summarise
from escalade.evaluate.step_memory import LARGEST_BATCH, largest_batch_size
from escalade.evaluate.training_step import SMALLEST_BATCH
from escalade.family.backends import check, ready
from escalade.train.runtime import Runtime, limit_threads


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """Seconds of one batch, or of one training step, and the images in it."""

    seconds: Latency
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
) -> dict[str, Timed]:
    """Time networks side by side at their own resolutions, in turns.

    Args:
        networks: each with its architecture, by name; they move to the device in channels_last.
        runtime: device and precision.
        batch_size: images at a time; None is for each network the largest power of two that fits
            in half of the free memory.
        train: time training steps (forward, backward, optimizer) instead of inference.
        backend: `eager`, `compile` or `onnx` (`escalade.family.backends`).
        num_repeats: timed rounds.
        num_warmup: rounds before them.
        threads: CPU threads while measuring; None leaves them.

    Raises:
        ValueError: if the batch, the backend or the number of repeats is not possible.
    """
    check(backend, runtime=runtime, train=train)
    smallest = SMALLEST_BATCH if train else 1
    if batch_size is not None and batch_size < smallest:
        raise ValueError(f"batch_size: {batch_size} is too small; use {smallest} or more")
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
        name: Timed(seconds=summarise(seconds), batch_size=sizes[name])
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
    size = batch_size or largest_batch_size(
        moved,
        in_channels=architecture.in_channels,
        resolution=architecture.resolution,
        train=train,
        free_bytes=runtime.free_memory(),
        largest=largest,
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
        except torch.OutOfMemoryError:  # of a GPU, whose kernels' scratch nobody counts ahead
            if batch_size is not None or size <= SMALLEST_BATCH:
                raise
            size //= 2
            continue
        return run, size
