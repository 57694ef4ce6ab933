"""How long a part takes by its sizes: a sum of work terms fitted to measured parts.

A space has tens of thousands of distinct parts, so a few hundred are measured and the rest
predicted. Every term is something a device spends time on: a fixed cost for each call, numbers
read and written, multiply-adds, and multiply-adds with widths filled up to the 16 that vector
units work on. Coefficients are not negative and the relative error is what is minimised.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from escalade.core.network.legality import RESIDUAL_KINDS, SIMPLE_KINDS
from escalade.core.network.parts import ENDS, Group, Part, Sizes
from escalade.core.numbers.rounding import conv_side
from escalade.core.space.population import IntArray

LANES = 16
NANO = 1e-9

Coefficients = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PartModel:
    """Predicted nanoseconds of parts; whole numbers, so that sums do not depend on their order."""

    coefficients: Mapping[Group, Coefficients]

    def nanoseconds(self, group: Group, sizes: Sizes) -> Any:
        """Of one part (int) or of many (int array); both agree exactly.

        Raises:
            ValueError: if nothing of that kind was measured.
        """
        known = self.nearest(group)
        total: Any = 0.0
        for coefficient, term in zip(self.coefficients[known], terms(known, sizes), strict=True):
            total = total + coefficient * term
        if isinstance(total, np.ndarray):
            whole: IntArray = np.rint(total / NANO).astype(np.int64)
            return whole
        return round(float(total) / NANO)

    def nearest(self, group: Group) -> Group:
        """The group itself, or the measured one of its kind that differs least."""
        if group in self.coefficients:
            return group
        same_kind = [each for each in self.coefficients if each.kind == group.kind]
        if not same_kind:
            raise ValueError(f"latency: no {group.kind} was measured; measure a network with one")
        return min(same_kind, key=lambda each: (_distance(each, group), each))


def fit(measured: Mapping[Part, float]) -> PartModel:
    """Fit measured seconds, each group of parts on its own."""
    groups: dict[Group, list[Part]] = {}
    for part in sorted(measured):
        groups.setdefault(part.group, []).append(part)
    return PartModel(
        {group: _fit(group, parts, measured) for group, parts in sorted(groups.items())}
    )


def terms(group: Group, sizes: Sizes) -> list[Any]:
    """What a part does, by its sizes: numbers, or arrays where the sizes are arrays."""
    before, out = sizes.side * sizes.side, _out_side(sizes.side, group)
    after = out * out
    if group.kind in ENDS:
        return _end_terms(group.kind, sizes, before, after)
    if group.kind in SIMPLE_KINDS:
        return _simple_terms(group, sizes, before, after)
    return _block_terms(group, sizes, before, after)


def _out_side(side: Any, group: Group) -> Any:
    out = conv_side(side, group.stride)
    return conv_side(out, 2) if group.kind == "stem_pool" else out


def _end_terms(kind: str, s: Sizes, before: Any, after: Any) -> list[Any]:
    if kind == "classifier":
        hidden = s.hidden  # one number: it is not searched
        weights = (s.in_width + s.width) * hidden if hidden else s.in_width * s.width
        return [1, before * s.in_width, weights]
    if kind == "final":
        macs = before * s.in_width * s.width
        padded = before * _padded(s.in_width) * _padded(s.width)
        return [1, before * s.in_width, before * s.width, s.in_width * s.width, macs, padded]
    return [1, before * s.in_width, after * s.width, after * s.width * s.in_width]


def _simple_terms(group: Group, s: Sizes, before: Any, after: Any) -> list[Any]:
    found = [1, before * s.in_width, after * s.width]
    if group.kind == "linear":
        found += [
            s.in_width * s.width,
            after * s.in_width * s.width,
            after * _padded(s.in_width) * _padded(s.width),
        ]
    return found


def _block_terms(group: Group, s: Sizes, before: Any, after: Any) -> list[Any]:
    found = [
        1,
        s.hidden,
        s.hidden * s.width,
        before * s.in_width,
        after * s.hidden,
        after * s.width,
        after * s.hidden * s.width,
        after * _padded(s.hidden) * _padded(s.width),
    ]
    if group.has_se:
        found.append(s.hidden * s.se_width)
    if group.kind != "dsconv":
        found += [
            s.in_width * s.hidden,
            before * s.hidden,
            before * s.in_width * s.hidden,
            before * _padded(s.in_width) * _padded(s.hidden),
        ]
    if group.kind in RESIDUAL_KINDS:
        found.append(after * s.hidden * s.group_width)
    if group.kind == "bottleneck" and not group.same_shape:
        found.append(after * s.in_width * s.width)
    if group.transition:
        found.append(after * s.in_width * s.width * (s.in_width != s.width))
    return found


def _padded(width: Any) -> Any:
    return -(-width // LANES) * LANES


def _fit(group: Group, parts: Sequence[Part], measured: Mapping[Part, float]) -> Coefficients:
    """Non-negative least squares of predicted over measured seconds."""
    rows = np.array([terms(group, part.sizes) for part in parts], dtype=np.float64)
    seconds = np.array([measured[part] for part in parts])
    scale = np.maximum(rows.max(axis=0), 1.0)
    design: npt.NDArray[np.float64] = rows / scale / seconds[:, None]
    solution = nnls(design, np.ones(len(parts)))[0] / scale
    return tuple(float(value) for value in solution)


def _distance(one: Group, other: Group) -> tuple[int, int]:
    """Fields that differ, the stride counting most, then kernels apart."""
    differ = sum(getattr(one, f.name) != getattr(other, f.name) for f in fields(Group))
    return differ + 10 * (one.stride != other.stride), abs(one.kernel - other.kernel)
