"""Measuring parts of networks, and whole networks, in turns."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from escalade.core.latency.work import Group, Work, work_of, works_of
from escalade.core.network.architecture import Architecture
from escalade.core.network.parts import parts_of
from escalade.evaluate.timing.turns import Run, inference
from escalade.nets.build import build, modules_of
from escalade.train.runtime import Runtime, limit_threads

# Rounds: as many as fit into the seconds, between these bounds.
SECONDS, FEWEST, MOST, NUM_WARMUP = 20.0, 5, 31, 2
# Calls between two looks at the clock on a GPU, which works behind the host.
CALLS_ON_CUDA = 10

# Parts of a group from one network: building networks takes longer than timing their parts.
MOST_OF_ONE = 2

Timed = tuple[nn.Module, tuple[int, int, int]]


class Timer(Protocol):
    """Seconds of one batch through each module; inputs are (channels, side, side)."""

    def __call__(self, modules: Sequence[Timed]) -> list[float]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnTimer:
    """Medians over rounds in which every module runs once.

    Attributes:
        threads: CPU threads; None leaves them.
    """

    runtime: Runtime
    batch_size: int = 1
    threads: int | None = 1

    @property
    def settings(self) -> str:
        """Under what is measured, for people and as the store's key."""
        runtime = self.runtime
        threads = "" if runtime.on_cuda else f", {self.threads or 'all'} threads"
        if self.threads == 1 and threads:
            threads = ", 1 thread"
        return f"{runtime.device_name}, batch {self.batch_size}{threads}, {runtime.precision}"

    def __call__(self, modules: Sequence[Timed]) -> list[float]:
        calls = CALLS_ON_CUDA if self.runtime.on_cuda else 1
        runs: list[Run] = []
        for module, shape in modules:
            ready = module.to(self.runtime.device).to(memory_format=torch.channels_last)
            run = inference(ready, self._images(shape), runtime=self.runtime)
            runs.append(run if calls == 1 else partial(_repeat, run, calls))
        with limit_threads(self.threads), self.runtime.tuned_kernels():
            trial = self._rounds(runs, num=1, num_warmup=1)
            num = min(MOST, max(FEWEST, int(SECONDS / trial.sum())))
            seconds = np.median(self._rounds(runs, num=num, num_warmup=NUM_WARMUP), axis=0)
        return [float(value) / calls for value in seconds]

    def _rounds(self, runs: Sequence[Run], *, num: int, num_warmup: int) -> npt.NDArray[np.float64]:
        """Seconds of every run in every timed round: (num, runs)."""
        times = np.empty((num_warmup + num, len(runs)))
        for row in times:
            for i, run in enumerate(runs):
                start = self._clock()
                run()
                row[i] = self._clock() - start
        return times[num_warmup:]

    def _clock(self) -> float:
        """With one CPU thread its own time: what other processes take of the core is not ours."""
        alone = self.threads == 1 and not self.runtime.on_cuda
        return time.thread_time() if alone else self.runtime.clock()

    def _images(self, shape: tuple[int, int, int]) -> Tensor:
        images = torch.rand((self.batch_size, *shape), generator=torch.Generator().manual_seed(0))
        return images.to(self.runtime.device, memory_format=torch.channels_last)


def measure(
    architectures: Sequence[Architecture],
    *,
    num_per_group: int,
    networks: Sequence[Architecture] = (),
    timer: Timer,
    rng: np.random.Generator,
) -> tuple[dict[Work, float], list[float]]:
    """Time parts and networks all in the same rounds, so that a disturbance hits all alike.

    Args:
        num_per_group: so many of each group of parts, drawn at random.
        networks: measured whole.

    Returns:
        Seconds of the parts, and of the networks in their order.
    """
    wanted = choose_parts(architectures, num_per_group=num_per_group, rng=rng)
    parts: dict[Work, Timed] = {}
    for architecture in architectures:
        if any(work in wanted for work in works_of(architecture)):
            parts |= _take(architecture, wanted)
    whole = [(build(each).eval(), _image_shape(each)) for each in networks]
    seconds = timer([*parts.values(), *whole])
    return dict(zip(parts, seconds, strict=False)), seconds[len(parts) :]


def _repeat(run: Run, calls: int) -> None:
    for _ in range(calls):
        run()


def choose_parts(
    architectures: Sequence[Architecture], *, num_per_group: int, rng: np.random.Generator
) -> set[Work]:
    """Works of so many parts of each group, drawn at random."""
    chosen: set[Work] = set()
    counts: Counter[Group] = Counter()
    for index in rng.permutation(len(architectures)):
        works = list(works_of(architectures[index]))
        here: Counter[Group] = Counter()
        for place in rng.permutation(len(works)):
            work = works[place]
            wanted = counts[work.group] < num_per_group and here[work.group] < MOST_OF_ONE
            if wanted and work not in chosen:
                chosen.add(work)
                counts[work.group] += 1
                here[work.group] += 1
    return chosen


def _take(architecture: Architecture, wanted: set[Work]) -> Iterator[tuple[Work, Timed]]:
    """The wanted parts of a network, which are then wanted no more."""
    network = build(architecture).eval()
    for (_, part), module in zip(parts_of(architecture), modules_of(network), strict=True):
        work = work_of(part)
        if work in wanted:
            wanted.discard(work)
            yield work, (module, (part.in_width, part.side, part.side))


def _image_shape(architecture: Architecture) -> tuple[int, int, int]:
    return architecture.in_channels, architecture.resolution, architecture.resolution
