"""Latency of networks, measured side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from escalade.train.runtime import Runtime, limit_threads


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Seconds for one batch: the median and the quartiles over the repeats."""

    median: float
    low: float
    high: float


def measure(
    network: nn.Module,
    *,
    resolution: int,
    in_channels: int,
    runtime: Runtime,
    batch_size: int = 1,
    num_repeats: int = 30,
    num_warmup: int = 5,
    threads: int | None = None,
) -> Latency:
    """The latency of one network; see `measure_many`."""
    found = measure_many(
        {"": (network, resolution)},
        in_channels=in_channels,
        runtime=runtime,
        batch_size=batch_size,
        num_repeats=num_repeats,
        num_warmup=num_warmup,
        threads=threads,
    )
    return found[""]


def measure_many(
    networks: Mapping[str, tuple[nn.Module, int]],
    *,
    in_channels: int,
    runtime: Runtime,
    batch_size: int = 1,
    num_repeats: int = 30,
    num_warmup: int = 5,
    threads: int | None = None,
) -> dict[str, Latency]:
    """Latencies by name, in turns, so that a disturbance hits all networks alike.

    Args:
        networks: network and resolution by name; on the runtime's device, put in evaluation mode.
        in_channels: channels of the images.
        runtime: device and precision.
        batch_size: images at a time.
        num_repeats: timed rounds.
        num_warmup: rounds before them.
        threads: CPU threads while measuring; None leaves them.

    Raises:
        ValueError: if there is nothing to repeat.
    """
    if num_repeats < 1:
        raise ValueError(f"num_repeats: {num_repeats} is not positive")
    images = {
        name: _images(batch_size, in_channels, resolution, runtime.device)
        for name, (_, resolution) in networks.items()
    }
    times: dict[str, list[float]] = {name: [] for name in networks}
    with limit_threads(threads), torch.inference_mode():
        for _ in range(num_warmup + num_repeats):
            for name, (network, _) in networks.items():
                times[name].append(_seconds(network.eval(), images[name], runtime))
    return {name: _summary(values[num_warmup:]) for name, values in times.items()}


def _seconds(network: nn.Module, images: Tensor, runtime: Runtime) -> float:
    start = runtime.clock()
    with runtime.autocast():
        network(images)
    return runtime.clock() - start


def _images(batch_size: int, in_channels: int, resolution: int, device: torch.device) -> Tensor:
    shape = (batch_size, in_channels, resolution, resolution)
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)).to(
        device, memory_format=torch.channels_last
    )


def _summary(seconds: list[float]) -> Latency:
    low, median, high = np.quantile(seconds, (0.25, 0.5, 0.75))
    return Latency(median=float(median), low=float(low), high=float(high))
