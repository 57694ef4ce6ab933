"""Statistics of results: means over seeds, and differences of pairs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from escalade.core.numbers.statistics import paired_test, summarize


def against(
    ones: Sequence[Mapping[int, float]], others: Sequence[Mapping[int, float]]
) -> dict[str, float] | None:
    """Some networks' accuracies minus others', paired by place and seed; None without pairs."""
    pairs = [
        (one[seed], other[seed])
        for one, other in zip(ones, others, strict=True)
        for seed in sorted(one.keys() & other.keys())
    ]
    if not pairs:
        return None
    if len(pairs) == 1:
        difference = pairs[0][0] - pairs[0][1]
        return {"difference": difference, "standard_error": math.nan, "p_value": math.nan, "num": 1}
    first, second = zip(*pairs, strict=True)
    return asdict(paired_test(first, second))


def summary(values: Mapping[int, float]) -> dict[str, Any]:
    """Mean and standard error over seeds."""
    found = summarize(list(values.values()))
    return {"mean": found.mean, "standard_error": found.standard_error, "num": len(values)}
