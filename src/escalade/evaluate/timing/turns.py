"""Latency of networks, measured side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from escalade.artefacts.latencies import Quartiles
from escalade.core.values.invalid import Invalid
from escalade.train.runtime import Runtime, limit_threads

# One batch through a network, or one training step: what is timed.
Run = Callable[[], object]


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
) -> Quartiles:
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
) -> dict[str, Quartiles]:
    """Latencies of inference by name, by torch as it is (eager).

    Args:
        networks: network and resolution by name; on the runtime's device, put in evaluation mode.
        threads: CPU threads while measuring; None leaves them.

    Raises:
        ValueError: if there is nothing to repeat.
    """
    runs: dict[str, Run] = {}
    for name, (network, resolution) in networks.items():
        images = random_images(
            batch_size, in_channels=in_channels, resolution=resolution, device=runtime.device
        )
        runs[name] = inference(network, images, runtime=runtime)
    return take_turns(
        runs, runtime=runtime, num_repeats=num_repeats, num_warmup=num_warmup, threads=threads
    )


def take_turns(
    runs: Mapping[str, Run],
    *,
    runtime: Runtime,
    num_repeats: int = 30,
    num_warmup: int = 5,
    threads: int | None = None,
) -> dict[str, Quartiles]:
    """Time each run once a round, so that a disturbance hits all of them alike.

    Args:
        runs: what to time, by name.
        runtime: whose clock waits for the device.
        threads: CPU threads while measuring; None leaves them.

    Raises:
        ValueError: if there is nothing to repeat.
    """
    found = rounds(
        runs, runtime=runtime, num_repeats=num_repeats, num_warmup=num_warmup, threads=threads
    )
    return {name: summarise(seconds) for name, seconds in found.items()}


def rounds(
    runs: Mapping[str, Run],
    *,
    runtime: Runtime,
    num_repeats: int,
    num_warmup: int,
    threads: int | None = None,
) -> dict[str, list[float]]:
    """As `take_turns`: every timed round's seconds."""
    if num_repeats < 1:
        raise Invalid(f"{num_repeats} is not positive", path=("num_repeats",))
    times: dict[str, list[float]] = {name: [] for name in runs}
    with limit_threads(threads), runtime.tuned_kernels():
        for _ in range(num_warmup + num_repeats):
            for name, run in runs.items():
                start = runtime.clock()
                run()
                times[name].append(runtime.clock() - start)
    return {name: seconds[num_warmup:] for name, seconds in times.items()}


def summarise(seconds: list[float]) -> Quartiles:
    """Median and quartiles."""
    low, median, high = np.quantile(seconds, (0.25, 0.5, 0.75))
    return Quartiles(median=float(median), low=float(low), high=float(high))


def inference(network: nn.Module, images: Tensor, *, runtime: Runtime) -> Run:
    """One batch through a network in evaluation mode, in the runtime's precision."""
    return partial(_infer, network.eval(), images, runtime)


def random_images(num: int, *, in_channels: int, resolution: int, device: torch.device) -> Tensor:
    """The same uniform noise each time, (num, in_channels, resolution, resolution)."""
    shape = (num, in_channels, resolution, resolution)
    return torch.rand(shape, generator=torch.Generator().manual_seed(0)).to(
        device, memory_format=torch.channels_last
    )


def _infer(network: Callable[[Tensor], object], images: Tensor, runtime: Runtime) -> None:
    with torch.inference_mode(), runtime.autocast():
        network(images)
