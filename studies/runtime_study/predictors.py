"""Runtimes and costs: their correlation, and runtimes as sums of costs at non-negative prices.

A model's prices minimise the squared *relative* error (non-negative least squares), and it is
judged on networks that it was not fitted to.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from common.lab import Architecture, cost, generator

Floats = npt.NDArray[np.float64]

NUM_RESAMPLES = 2000
LAYER_KINDS = ("dense", "depthwise", "grouped")
_BY_KIND = tuple(f"{k}_{c}" for k in LAYER_KINDS for c in ("macs", "activations"))
# Each has a constant beside its features.
MODELS: dict[str, tuple[str, ...]] = {
    "macs": ("macs",),
    "params": ("params",),
    "activations": ("activations",),
    "activations, macs": ("activations", "macs"),
    "activations, macs, params": ("activations", "macs", "params"),
    "activations, macs, params, layers": ("activations", "macs", "params", "layers"),
    "by kind of layer": (*_BY_KIND, "params", "layers"),
}


def features(architecture: Architecture) -> dict[str, float]:
    """Costs of the whole network and by kind of convolution, and the number of layers.

    `depthwise` and `grouped` are the middle convolutions of the mobile and of the residual blocks;
    everything else is `dense`.
    """
    total, layers = cost.of(architecture), cost.layers(architecture)
    found = dict.fromkeys(_BY_KIND, 0.0)
    for layer in layers:
        kind = _kind(layer.name)
        found[f"{kind}_macs"] += layer.macs
        found[f"{kind}_activations"] += layer.activations
    whole = {name: float(getattr(total, name)) for name in ("macs", "params", "activations")}
    return found | whole | {"layers": float(len(layers))}


def judge(
    table: Mapping[str, Floats], seconds: Floats, folds: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Every model's prices, and how well it predicts each fold from the others.

    Args:
        table: features by name, (networks,) each.
        seconds: (networks,).
        folds: of each network, such as its rule; at least two.

    Returns:
        By model: `prices` (seconds per unit, fitted to all), `r` (of predicted with measured, with
        its interval) and `error` (median relative error), both on the folds left out.
    """
    names = np.asarray(folds)
    judged: dict[str, dict[str, Any]] = {}
    for model, columns in MODELS.items():
        design = np.stack([*(table[name] for name in columns), np.ones(len(seconds))], axis=1)
        predicted = np.empty(len(seconds))
        for fold in np.unique(names):
            out = names == fold
            predicted[out] = design[out] @ fit(design[~out], seconds[~out])
        prices = fit(design, seconds)
        judged[model] = {
            "prices": dict(zip((*columns, "constant"), map(float, prices), strict=True)),
            "r": correlation(predicted, seconds),
            "error": float(np.median(np.abs(predicted / seconds - 1))),
        }
    return judged


def fit(design: Floats, seconds: Floats) -> Floats:
    """Non-negative prices with the least squared relative error."""
    relative = design / seconds[:, None]
    sizes = np.abs(relative).max(axis=0)
    sizes[sizes == 0] = 1.0
    return np.asarray(nnls(relative / sizes, np.ones(len(seconds)))[0] / sizes)


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


def _kind(name: str) -> str:
    """Of a layer by its name in `cost.layers`."""
    if name.endswith("conv_dw"):
        return "depthwise"
    return "grouped" if name.endswith("conv2_kxk.conv") else "dense"


def _pearson(x: Floats, y: Floats) -> Floats:
    """Along the last axis; nan where one side is constant."""
    a, b = x - x.mean(axis=-1, keepdims=True), y - y.mean(axis=-1, keepdims=True)
    norm = np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray((a * b).sum(axis=-1) / norm)
