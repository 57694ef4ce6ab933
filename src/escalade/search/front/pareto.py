"""Pareto fronts as arrays of points (n, objectives), every objective minimised."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from escalade.core.space.path import IntArray

Floats = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def non_dominated(points: Floats) -> BoolArray:
    """Which points no other point dominates: (n,). Equal points do not dominate each other."""
    front: BoolArray = np.ones(len(points), dtype=bool)
    for row, point in enumerate(points):
        if front[row]:
            front &= ~_dominates(point, points)
    return front


def extended(front: Floats, *, by: Floats) -> BoolArray:
    """Which points of a front, then of those it is extended by, no other dominates: (n + m,).

    As `non_dominated` of all, in time proportional to m.
    """
    points = np.concatenate([front, by])
    kept: BoolArray = np.ones(len(points), dtype=bool)
    for row, point in enumerate(by, start=len(front)):
        if kept[row] and not (kept & _dominates(points, point)).any():
            kept &= ~_dominates(point, points)
        else:
            kept[row] = False
    return kept


def _dominates(points: Floats, others: Floats) -> BoolArray:
    better: BoolArray = np.all(points <= others, axis=1) & np.any(points < others, axis=1)
    return better


def hypervolume(points: Floats, *, reference: Sequence[float] | Floats) -> float:
    """Volume between the points and a reference, exact for any number of objectives.

    Points that are not better than the reference in every objective add nothing.
    """
    corner = np.asarray(reference, dtype=np.float64)
    inside = points[(points < corner).all(axis=1)]
    if not len(inside):
        return 0.0
    return _volume(inside[non_dominated(inside)], corner)


def crowding(points: Floats, *, weights: Sequence[float] | Floats) -> Floats:
    """Weighted crowding distance of each point of one front: (n,), SCARLET's d = sum w_i d_i.

    d_i is the gap between a point's two neighbours in objective i, over the front's range in it;
    the ends of an objective are infinitely far from others. An objective of weight 0, or one in
    which all points are equal, adds nothing, and its ends are not kept.
    """
    total = np.zeros(len(points))
    for values, weight in zip(points.T, np.asarray(weights, dtype=np.float64), strict=True):
        span = np.ptp(values) if len(values) else 0.0
        if weight > 0 and span > 0:
            order = np.argsort(values, kind="stable")
            padded = np.concatenate([[-np.inf], values[order], [np.inf]])
            total[order] += weight * (padded[2:] - padded[:-2]) / span
    return total


def equispaced(points: Floats, *, num: int) -> IntArray:
    """Rows of `num` points about equally far apart along a curve of two objectives.

    Distances are Euclidean between neighbours, every objective over its range. Both ends are
    taken; of one point the one nearest to the middle.

    Args:
        points: (n, 2), mutually non-dominated, so that they lie on one curve.
        num: at most n.

    Returns:
        Distinct rows, rising in the second objective.
    """
    assert 1 <= num <= len(points)
    order = np.lexsort((-points[:, 0], points[:, 1]))
    span = np.ptp(points, axis=0)
    curve = points[order] / np.where(span > 0, span, 1.0)
    steps = np.linalg.norm(np.diff(curve, axis=0), axis=1)
    position = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = position[-1] * (np.linspace(0, 1, num) if num > 1 else np.array([0.5]))
    return order[_nearest_rising(position, wanted)]


def _nearest_rising(position: Floats, wanted: Floats) -> IntArray:
    """Rising indices whose positions have the least squared distance to those wanted.

    Exact, by dynamic programming over (wanted, index).
    """
    costs = (wanted[:, None] - position) ** 2
    best = costs[0]
    choices = []
    for row in costs[1:]:
        # The cheapest way to have placed all before at indices below this one.
        before = np.concatenate([[np.inf], np.minimum.accumulate(best)[:-1]])
        choices.append(_first_minimum(best))
        best = before + row
    index = int(best.argmin())
    rows = [index]
    for chosen in reversed(choices):
        index = int(chosen[index - 1])
        rows.append(index)
    return np.array(rows[::-1], dtype=np.int64)


def _first_minimum(values: Floats) -> IntArray:
    """For each prefix of the values, the index of its first minimum: (n,)."""
    lowest = np.minimum.accumulate(values)
    fresh = np.concatenate([[True], lowest[1:] < lowest[:-1]])
    return np.maximum.accumulate(np.where(fresh, np.arange(len(values)), 0))


def _volume(points: Floats, corner: Floats) -> float:
    """Slices along the last objective; each is a volume of one objective fewer."""
    if len(corner) == 1:
        return float(corner[0] - points.min())
    points = points[np.argsort(points[:, -1], kind="stable")]
    thickness = np.diff(np.append(points[:, -1], corner[-1]))
    if len(corner) == 2:
        return float(thickness @ (corner[0] - np.minimum.accumulate(points[:, 0])))
    slices = (
        thick * _volume(points[: row + 1, :-1], corner[:-1])
        for row, thick in enumerate(thickness)
        if thick > 0
    )
    return float(sum(slices))
