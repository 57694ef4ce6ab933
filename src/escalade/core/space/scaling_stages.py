"""Ratios of depth, width and resolution, and the strategies that they make, stage by stage."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from escalade.core.scaling.ratios import Scaling
from escalade.core.space.path import IntArray
from escalade.core.space.space_numbers import Numbers

Realised = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratios:
    """Scaling ratios: every combination is a strategy, written as three indices."""

    depth: Numbers
    width: Numbers
    resolution: Numbers

    @property
    def axes(self) -> tuple[Numbers, Numbers, Numbers]:
        return (self.depth, self.width, self.resolution)

    @property
    def num(self) -> int:
        return math.prod(map(len, self.axes))

    @property
    def base(self) -> IntArray:
        """The strategy that changes nothing: (3,)."""
        return np.array([axis.index(1.0) for axis in self.axes], dtype=np.int64)

    def scaling(self, strategy: Sequence[int] | IntArray) -> Scaling:
        """The ratios behind a strategy's indices."""
        return Scaling(*(axis[int(i)] for axis, i in zip(self.axes, strategy, strict=True)))

    def product(self, some: Ratios | None = None) -> IntArray:
        """All combinations of these ratios, or of some of them: (n, 3)."""
        chosen = zip(self.axes, (some or self).axes, strict=True)
        rows = itertools.product(*([axis.index(ratio) for ratio in few] for axis, few in chosen))
        return np.array(list(rows), dtype=np.int64)


ONE = Ratios(depth=Numbers((1.0,)), width=Numbers((1.0,)), resolution=Numbers((1.0,)))


def union(stages: Sequence[Ratios]) -> Ratios:
    """The ratios of all stages, rising."""
    found = {
        f.name: Numbers(sorted({ratio for stage in stages for ratio in getattr(stage, f.name)}))
        for f in fields(Ratios)
    }
    return Ratios(**found)


def distinct(rows: IntArray, realised: Realised) -> IntArray:
    """Keep the first of all strategies that realise the same network for every base.

    With depths rounded up, many multipliers are one and the same (docs/explanation/deviations.md).

    Args:
        rows: strategies, (n, 3).
        realised: per axis and ratio, what it makes of everything that it scales.
    """
    seen: set[tuple[Any, ...]] = set()
    kept = []
    for row in rows:
        key = tuple(made[int(index)] for made, index in zip(realised, row, strict=True))
        if key not in seen:
            seen.add(key)
            kept.append(row)
    return np.array(kept, dtype=np.int64).reshape(-1, 3)


def near(growth: npt.NDArray[np.float64], factor: float, slack: float) -> npt.NDArray[np.bool_]:
    """Which strategies multiply costs by about a factor, up to the slack either way."""
    return np.asarray(np.abs(np.log(growth / factor)) <= np.log(slack))
