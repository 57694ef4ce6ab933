"""Many RegNets at once: widths, depths and group widths of their stages as arrays.

The same numbers as `core.network.regnet.stages` gives for one; tests hold them equal.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from escalade.core.space.path import IntArray

Floats = npt.NDArray[np.float64]
# Nearer than this to half an exponent, numpy's logarithm might round to another side than math's.
NEAR_TIE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class RegNetStages:
    """Stages of n networks: (n, stages) arrays, 0 past a network's last stage.

    `num_stages` is (n,) and may exceed the number of columns; such rows are cut.
    """

    widths: IntArray
    depths: IntArray
    groups: IntArray
    num_stages: IntArray


def regnet_stages(
    *,
    depth: IntArray,
    w0: IntArray,
    wa: Floats,
    wm: Floats,
    group_width: IntArray,
    bottleneck_ratio: float,
    step: int,
    most_stages: int,
) -> RegNetStages:
    """Stages of every network from its numbers, all (n,); see `core.network.regnet.stages`."""
    blocks = np.arange(int(depth.max(initial=1)))
    runs = blocks < depth[:, None]
    exponents = _exponents(blocks, w0=w0, wa=wa, wm=wm)
    raw = w0[:, None] * _powers(wm, exponents)
    widths = np.maximum(1, np.rint(raw / step)).astype(np.int64) * step
    starts = runs.copy()
    starts[:, 1:] &= widths[:, 1:] != widths[:, :-1]
    stage_of = np.cumsum(starts, axis=1) - 1
    made_widths, made_depths = [], []
    for stage in range(most_stages):
        inside = runs & (stage_of == stage)
        made_widths.append(np.where(inside, widths, 0).max(axis=1))
        made_depths.append(inside.sum(axis=1))
    fitted, groups = _fit_groups(
        np.stack(made_widths, axis=1), bottleneck_ratio, group_width[:, None]
    )
    return RegNetStages(fitted, np.stack(made_depths, axis=1), groups, starts.sum(axis=1))


def _exponents(blocks: IntArray, *, w0: IntArray, wa: Floats, wm: Floats) -> IntArray:
    growth = wa[:, None] * blocks / w0[:, None]
    bases = _by_value(wm, math.log)[:, None]
    exact = np.log1p(growth) / bases
    rounded = np.rint(exact)
    near = np.abs(np.abs(exact - rounded) - 0.5) < NEAR_TIE
    for row, column in zip(*np.nonzero(near), strict=True):
        rounded[row, column] = round(math.log1p(growth[row, column]) / bases[row, 0])
    return np.asarray(rounded, dtype=np.int64)


def _powers(wm: Floats, exponents: IntArray) -> Floats:
    """wm ** exponent as Python computes it, which numpy does not everywhere to the last bit."""
    values, rows = np.unique(wm, return_inverse=True)
    most = int(exponents.max(initial=0))
    table = np.array([[float(value) ** k for k in range(most + 1)] for value in values])
    powers: Floats = table[rows[:, None], exponents]
    return powers


def _by_value(values: Floats, function: Callable[[float], float]) -> Floats:
    distinct, rows = np.unique(values, return_inverse=True)
    made: Floats = np.array([function(float(v)) for v in distinct])[rows]
    return made


def _fit_groups(widths: IntArray, ratio: float, group_width: IntArray) -> tuple[IntArray, IntArray]:
    """`rounding.fit_groups` for arrays; absent stages (width 0) stay 0."""
    there = widths > 0
    hidden = np.maximum(1, widths * ratio).astype(np.int64)
    group = np.minimum(group_width, hidden)
    step = np.lcm(group, int(ratio)) if ratio > 1 else group
    hidden = np.maximum(step, np.rint(hidden / step).astype(np.int64) * step)
    fitted = (hidden / ratio).astype(np.int64)
    return np.where(there, fitted, 0), np.where(there, group, 0)
