"""latency.json: what members take on this device."""

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
