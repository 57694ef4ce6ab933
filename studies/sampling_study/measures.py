"""Mean accuracy by macs, and how well two accuracies, or accuracy and macs, go together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from escalade.core.numbers.seeds import generator
from escalade.core.numbers.statistics import kendall, pearson, spearman

Floats = npt.NDArray[np.float64]
COEFFICIENTS: dict[str, Callable[[Floats, Floats], float]] = {
    "pearson": pearson,
    "spearman": spearman,
    "kendall": kendall,
}
NUM_BINS = 8
NUM_RESAMPLES = 200
PERCENTILES = (2.5, 97.5)


def bin_edges(macs: Sequence[int]) -> Floats:
    """Edges of 8 bins of equal width in log macs."""
    edges: Floats = np.geomspace(min(macs), max(macs), NUM_BINS + 1)
    return edges


def by_bin(macs: Sequence[int], values: Sequence[float]) -> tuple[list[float], list[int]]:
    """Mean value (nan where there is none) and number of values in every bin."""
    inner = bin_edges(macs)[1:-1]
    places = np.searchsorted(inner, np.asarray(macs), side="right")
    nums = np.bincount(places, minlength=NUM_BINS)
    sums = np.bincount(places, weights=np.asarray(values), minlength=NUM_BINS)
    means = np.where(nums > 0, sums / np.maximum(nums, 1), np.nan)
    return means.tolist(), nums.tolist()


def coefficients(first: Sequence[float], second: Sequence[float]) -> dict[str, float]:
    """Pearson, Spearman and Kendall."""
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    return {name: of(a, b) for name, of in COEFFICIENTS.items()}


def without_trend(values: Floats, macs: Floats) -> Floats:
    """What is left of values after the straight line over log macs is taken off."""
    log = np.log(macs) - np.log(macs).mean()
    variance = float(log @ log)
    slope = float(log @ values) / variance if variance > 0 else 0.0
    return values - values.mean() - slope * log


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
    rest = [without_trend(values, macs) for values in (supernet, alone)]
    return {"raw": coefficients(supernet, alone), "partial": coefficients(rest[0], rest[1])}
