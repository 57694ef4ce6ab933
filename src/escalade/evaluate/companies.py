"""Which paths are measured together: those that begin alike."""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from escalade.core.network.architecture import Architecture
from escalade.core.network.parts import parts_of

MOST_TOGETHER = 16
MOST_PARAMS = 1 << 25  # of all paths together: 128 MiB of weights
MOST_MACS = (
    10**12
)  # of all images: about a minute of a core; what a kill loses, and a stop waits for
JOBS_PER_WORKER = 4  # so that workers end at about the same time
# Of few paths so many are measured together as have this part of their macs in common: that saves
# more than a worker loses by waiting for another.
FEW_TOGETHER, WORTH = 4, 0.2


def companies(
    architectures: Sequence[Architecture], *, num_images: int, num_workers: int, on_cuda: bool
) -> list[list[int]]:
    """Divide paths into jobs by how they begin; the largest images come first.

    Args:
        architectures: what runs.
        num_images: that go through each.
        num_workers: processes that share the jobs.
        on_cuda: a device that is too fast for a job to take long.

    Returns:
        Indices of architectures of one resolution, each in one job.
    """
    lines = _lines(architectures)
    even = min(MOST_TOGETHER, math.ceil(len(lines) / (JOBS_PER_WORKER * num_workers)))
    alike = max(even, min(FEW_TOGETHER, MOST_TOGETHER, len(lines) // num_workers))
    most_macs = math.inf if on_cuda else MOST_MACS / num_images
    jobs: list[list[int]] = []
    macs, params = 0.0, 0.0
    for before, line in itertools.pairwise((None, *sorted(lines, key=lambda line: line.order))):
        assert line is not None
        more = line.beyond(before)
        if (
            before is None
            or line.resolution != before.resolution
            or len(jobs[-1]) >= (alike if more[0] <= (1 - WORTH) * line.macs else even)
            or macs + more[0] > most_macs
            or params + more[1] > MOST_PARAMS
        ):
            jobs.append([])
            more, macs, params = line.beyond(None), 0.0, 0.0
        jobs[-1].append(line.index)
        macs, params = macs + more[0], params + more[1]
    return jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    """An architecture as its parts in a row; equal ones have equal numbers."""

    index: int
    resolution: int
    parts: tuple[int, ...]
    costs: tuple[tuple[int, int], ...]  # macs and params of each

    @property
    def order(self) -> tuple[int, ...]:
        """Sorts those that begin alike side by side."""
        return (-self.resolution, *self.parts)

    @property
    def macs(self) -> int:
        return self.beyond(None)[0]

    def beyond(self, other: _Line | None) -> tuple[int, int]:
        """Macs and params of all after what it shares with another."""
        shared = 0
        if other is not None:
            pairs = zip(self.parts, other.parts, strict=False)
            shared = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
        rest = self.costs[shared:]
        return sum(macs for macs, _ in rest), sum(params for _, params in rest)


def _lines(architectures: Sequence[Architecture]) -> list[_Line]:
    known: dict[Hashable, int] = {}
    lines = []
    for index, architecture in enumerate(architectures):
        parts = list(parts_of(architecture))
        numbers = (known.setdefault((at, part.layers), len(known)) for at, part in parts)
        line = _Line(
            index=index,
            resolution=architecture.resolution,
            parts=tuple(numbers),
            costs=tuple((part.macs, part.params) for _, part in parts),
        )
        lines.append(line)
    return lines
