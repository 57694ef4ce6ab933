"""A made-up device: what a part takes follows from its costs, which other tests prove."""

from __future__ import annotations

from collections.abc import Iterable

from escalade.core.latency.work import Work, work_of
from escalade.core.network.architecture import Architecture
from escalade.core.network.parts import Part, parts_of


def seconds(part: Part) -> float:
    """A call, a nanosecond a multiply-add and two a number read; adding takes half a call."""
    reads = part.in_width * part.side**2
    return 2e-5 + 1e-9 * part.macs + 2e-9 * reads + 1e-5 * part.layers.adds


def expected(architecture: Architecture) -> float:
    """Seconds of a whole network."""
    return sum(seconds(part) for _, part in parts_of(architecture))


def measured(architectures: Iterable[Architecture]) -> dict[Work, float]:
    """Seconds of the parts of networks."""
    parts = (part for each in architectures for _, part in parts_of(each))
    return {work_of(part): seconds(part) for part in parts}
