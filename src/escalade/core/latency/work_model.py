"""How long a part takes by its work: a sum of terms fitted to measured parts.

A space has tens of thousands of distinct parts, so a few hundred are measured and the rest
predicted. Coefficients are not negative and the relative error is what is minimised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from escalade.core.latency.work import Group, Work

NANO = 1e-9

Coefficients = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class WorkModel:
    """Predicted nanoseconds of parts; whole numbers, so that sums do not depend on their order."""

    coefficients: Mapping[Group, Coefficients]

    def nanoseconds(self, work: Work) -> Any:
        """Of one part (int) or of many (int array); both agree exactly.

        Terms that the measured group has not are left out.

        Raises:
            ValueError: if nothing of that kind was measured.
        """
        known = self.coefficients[self.nearest(work.group)]
        total: Any = 0.0
        for name, amount in work.terms:
            total = total + known.get(name, 0.0) * amount
        if isinstance(total, float):
            return round(total / NANO)
        return np.rint(total / NANO).astype(np.int64)

    def nearest(self, group: Group) -> Group:
        """The group itself, or the measured one of its kind that differs least."""
        if group in self.coefficients:
            return group
        same_kind = [each for each in self.coefficients if each.kind == group.kind]
        if not same_kind:
            raise ValueError(f"latency: no {group.kind} was measured; measure a network with one")
        return min(same_kind, key=lambda each: (each.distance(group), each))


def fit(measured: Mapping[Work, float]) -> WorkModel:
    """Fit measured seconds, each group of parts on its own."""
    groups: dict[Group, list[Work]] = {}
    for work in sorted(measured):
        groups.setdefault(work.group, []).append(work)
    return WorkModel({group: _fit(works, measured) for group, works in sorted(groups.items())})


def _fit(works: Sequence[Work], measured: Mapping[Work, float]) -> Coefficients:
    """Non-negative least squares of predicted over measured seconds."""
    names = [name for name, _ in works[0].terms]
    rows = np.array([[amount for _, amount in work.terms] for work in works], dtype=np.float64)
    seconds = np.array([measured[work] for work in works])
    scale = np.maximum(rows.max(axis=0), 1.0)
    design: npt.NDArray[np.float64] = rows / scale / seconds[:, None]
    solution = nnls(design, np.ones(len(works)))[0] / scale
    return {name: float(value) for name, value in zip(names, solution, strict=True)}
