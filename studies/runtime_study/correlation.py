"""Pearson's r of runtimes with costs, and its interval over resampled networks."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from escalade.core.numbers.seeds import generator

Floats = npt.NDArray[np.float64]
NUM_RESAMPLES = 2000


def correlation(x: Floats, y: Floats) -> dict[str, float]:
    """`r`, and the bootstrap's 95 % interval `low` to `high` (percentiles, networks redrawn)."""
    drawn = generator(0, "bootstrap").integers(len(x), size=(NUM_RESAMPLES, len(x)))
    resampled = _pearson(x[drawn], y[drawn])
    low, high = (math.nan, math.nan)
    if np.isfinite(resampled).any():
        low, high = np.nanquantile(resampled, (0.025, 0.975))
    return {"r": float(_pearson(x, y)), "low": float(low), "high": float(high)}


def given(x: Floats, y: Floats, known: Floats) -> dict[str, float]:
    """The correlation of what is left of log x and log y once log `known` has explained its part.

    Costs and times all grow with the factor, which alone makes any two of them correlate. At equal
    macs this is gone.
    """
    logs = [np.log(values) for values in (x, y, known)]
    design = np.stack([np.ones_like(logs[2]), logs[2]], axis=1)
    left = [each - design @ np.linalg.lstsq(design, each)[0] for each in logs[:2]]
    return correlation(*left)


def _pearson(x: Floats, y: Floats) -> Floats:
    """Along the last axis; nan where one side is constant."""
    a, b = x - x.mean(axis=-1, keepdims=True), y - y.mean(axis=-1, keepdims=True)
    norm = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((a * b).sum(axis=-1) / norm)
