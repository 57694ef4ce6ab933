"""Statistics of results: means over seeds, differences of pairs, rank correlations."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from common.lab import generator, stats

Floats = npt.NDArray[np.float64]
BySeed = Mapping[int, float]
COEFFICIENTS: dict[str, Callable[[Floats, Floats], float]] = {
    "pearson": stats.pearson,
    "spearman": stats.spearman,
    "kendall": stats.kendall,
}
NUM_RESAMPLES = 200
PERCENTILES = (2.5, 97.5)


def against(ones: Sequence[BySeed], others: Sequence[BySeed]) -> dict[str, float] | None:
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
    return asdict(stats.paired_test(*zip(*pairs, strict=True)))


def summary(values: BySeed) -> dict[str, Any]:
    """Mean and standard error over seeds."""
    return asdict(stats.summarize(list(values.values())))


def column(by_seed: Mapping[int, Any], name: Any) -> dict[int, float]:
    """One of several measures, by its name or place, by seed."""
    return {seed: each[name] for seed, each in by_seed.items()}


def coefficients(first: Sequence[float], second: Sequence[float]) -> dict[str, float]:
    """Pearson, Spearman and Kendall."""
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    return {name: of(a, b) for name, of in COEFFICIENTS.items()}


def agreement(
    supernet: Sequence[float], alone: Sequence[float], macs: Sequence[int]
) -> dict[str, dict[str, Any]]:
    """Coefficients of supernet and stand-alone accuracy, raw and without the trend over macs.

    Each has the 95 % interval of resampled paths (bootstrap). Most of the raw agreement is that
    larger networks are better, which needs no supernet.
    """
    table = np.array([supernet, alone, macs], dtype=np.float64)
    rng = generator(0, "bootstrap")
    num = table.shape[1]
    resampled = [_both(table[:, rng.integers(0, num, num)]) for _ in range(NUM_RESAMPLES)]
    found: dict[str, dict[str, Any]] = {}
    for kind, values in _both(table).items():
        found[kind] = {}
        for name, value in values.items():
            draws = np.array([both[kind][name] for both in resampled])
            finite = draws[np.isfinite(draws)]
            low, high = np.percentile(finite, PERCENTILES) if len(finite) else (np.nan, np.nan)
            found[kind][name] = {"value": value, "low": float(low), "high": float(high)}
    return found


def _both(table: Floats) -> dict[str, dict[str, float]]:
    supernet, alone, macs = table
    rest = [_without_trend(values, macs) for values in (supernet, alone)]
    return {"raw": coefficients(supernet, alone), "partial": coefficients(*rest)}


def _without_trend(values: Floats, macs: Floats) -> Floats:
    """What is left of values after the straight line over log macs is taken off."""
    log = np.log(macs) - np.log(macs).mean()
    variance = float(log @ log)
    slope = float(log @ values) / variance if variance > 0 else 0.0
    return values - values.mean() - slope * log
