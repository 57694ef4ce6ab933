"""A member of the family as the report shows it: plain values."""

from __future__ import annotations

from dataclasses import dataclass

from escalade.core.network.architecture import Architecture
from escalade.report import palette


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """An accuracy in 0..1 and its standard error, None where the number of images is unknown."""

    value: float
    standard_error: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Median seconds a batch, with the interval that was measured."""

    median: float
    low: float | None = None
    high: float | None = None
    batch_size: int | None = None
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One network of the family; `index` is its place, which decides colour and marker.

    `running` is what the supernet runs for it, where that is not its architecture.
    """

    index: int
    name: str
    stage: float
    origin: str
    weights: str | None
    budget: float
    gap: float | None
    macs: int
    params: int
    activations: int
    latency: Latency | None
    search: Share | None
    test: Share | None
    resolution: int | None
    architecture: Architecture | None
    running: Architecture | None
    folder: str | None

    @property
    def colour(self) -> str:
        return palette.colour(self.index)

    @property
    def symbol(self) -> str:
        return palette.symbol(self.index)

    @property
    def best(self) -> Share | None:
        """Test accuracy where there is one, else the search accuracy."""
        return self.test or self.search
