"""Runtimes as sums of costs: non-negative prices per mac, activation and so on.

A model's prices minimise the squared *relative* error (non-negative least squares), and it is
judged on networks that it was not fitted to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from runtime_study.correlation import correlation

Floats = npt.NDArray[np.float64]

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
    total = cost.of(architecture)
    found = dict.fromkeys(_BY_KIND, 0.0)
    layers = cost.layers(architecture)
    for layer in layers:
        kind = layer_kind(layer.name)
        found[f"{kind}_macs"] += layer.macs
        found[f"{kind}_activations"] += layer.activations
    return found | {
        "macs": float(total.macs),
        "params": float(total.params),
        "activations": float(total.activations),
        "layers": float(len(layers)),
    }


def layer_kind(name: str) -> str:
    """Of a layer by its name in `cost.layers`."""
    if name.endswith("conv_dw"):
        return "depthwise"
    return "grouped" if name.endswith("conv2_kxk.conv") else "dense"


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
