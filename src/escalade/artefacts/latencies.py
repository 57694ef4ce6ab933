"""latency.json: what members take on this device; and what a run tells of its latency table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from escalade.core.values.ranges import Count, NotNegative, Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class Quartiles:
    """Seconds for a batch: the median, and the quartiles."""

    median: Positive
    low: NotNegative
    high: NotNegative


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """Measured latencies by member. They depend on time and place, so family.json has none."""

    FILE: ClassVar[str] = "latency.json"
    STAGE: ClassVar[str] = "export"

    device: str
    batch_size: Count
    members: Mapping[str, Quartiles]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckFacts:
    """Predicted against measured seconds of networks that the table was not fitted to.

    `median` and `worst` are relative errors without their sign, `rank_correlation` is Spearman's.
    """

    num: int
    median: float
    worst: float
    rank_correlation: float | None
    predicted: tuple[float, ...]
    measured: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """A latency table: a network takes `overhead` and `factor` times the sum of its parts."""

    settings: str
    num_parts: int
    overhead: float
    factor: float
    seconds: float
    check: CheckFacts
