"""The pictures: path accuracies (Fig. 1), fronts and identities (Fig. 6), hypervolumes, ranks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from common.lab import empirical_distribution
from common.pictures import Figure, Series, colour, draw, linear, panel
from scarlet_study.setting import FLIPS
from scarlet_study.table import TITLES

Row = Mapping[str, Any]
Points = tuple[Sequence[float], Sequence[float]]
_DOT = 6
_TITLES = TITLES | {
    "ranks": "Accuracy in the supernet over accuracy alone",
    "constraint": "Fronts, identities and hypervolume, with and without the accuracy constraint",
    "controller": "Fronts, identities and hypervolume, with and without controller and weights",
}


def pictures(found: Row, name: str) -> dict[str, str]:
    """SVG files by name; what has no results has none."""
    made = {
        study: _of_supernets(rows)
        for study, rows in found["studies"].items()
        if study != "rate" and rows
    }
    if found["agreement"]:
        made["ranks"] = _ranks(found)
    made |= {study: _of_searches(rows) for study, rows in found["searches"].items() if rows}
    return {f"{name}_{key}.svg": draw(each, title=_TITLES[key]) for key, each in made.items()}


def _of_supernets(rows: Sequence[Row]) -> list[Figure]:
    """While it trains, of all networks at the end, and by the number of identities."""
    end = "Random networks at the end"
    panels = [
        _panel(rows, end, "accuracy, %", "share of them, %", _distribution),
        _panel(rows, "By forced identities", "identities", "mean accuracy, %", _by_flips),
    ]
    if all(any(row["curves"].values()) for row in rows):
        title, label = "While it trains, ± deviation", "training images, mean %"
        panels.insert(0, _panel(rows, title, "progress, %", label, _curve, around=_deviations))
    return panels


def _of_searches(rows: Sequence[Row]) -> list[Figure]:
    groups = [
        {"name": name, "searches": [row for row in rows if row["name"] == name]}
        for name in dict.fromkeys(row["name"] for row in rows)
    ]

    def over(x: str, y: str) -> Callable[[Row], Points]:
        """Means over a kind's searches of two things that their generations say."""

        def points(group: Row) -> Points:
            every = [row["generations"] for row in group["searches"]]
            first, second = (_average([[g[of] for g in each] for each in every]) for of in (x, y))
            return first, [100 * value for value in second]

        return points

    identities, volumes = over("generation", "identity_ratio"), over("evaluated", "hypervolume")
    return [
        _panel(groups, "Final fronts", "M macs", "accuracy, %", _fronts, dots=_DOT),
        _panel(groups, "Identities", "generation", "share of the layers, %", identities),
        _panel(groups, "Hypervolume", "networks scored", "hypervolume, %", volumes),
    ]


def _ranks(found: Row) -> list[Figure]:
    """A panel for each kind of supernet: the networks that were trained alone, means over seeds."""
    alone = [100 * float(np.mean(list(row["accuracies"].values()))) for row in found["ranked"]]
    panels = []
    for name in dict.fromkeys(row["name"] for row in found["agreement"]):
        own = _average([r["supernet"] for r in found["agreement"] if r["name"] == name])
        points = alone, [100 * value for value in own]
        label, rows = "in the supernet, %", [{"name": ""}]
        panels.append(
            _panel(rows, name.capitalize(), "alone, %", label, lambda row, p=points: p, dots=_DOT)  # type: ignore[misc]
        )
    return panels


def _curve(row: Row, of: str = "mean") -> Points:
    """Means over seeds."""
    curves = [curve for curve in row["curves"].values() if curve]
    progress = [100 * point["progress"] for point in curves[0]]
    return progress, _average([[100 * point[of] for point in curve] for curve in curves])


def _deviations(row: Row) -> Sequence[float]:
    return _curve(row, "deviation")[1]


def _distribution(row: Row) -> Points:
    accuracies = [a for each in row["accuracies"].values() for a in each]
    values, shares = empirical_distribution([100 * a for a in accuracies])
    return values, [100 * share for share in shares]


def _by_flips(row: Row) -> Points:
    means = [[100 * of[str(num)] for num in FLIPS] for of in row["flipped"].values()]
    return (FLIPS, _average(means)) if means else ((), ())


def _fronts(group: Row) -> Points:
    pairs = [network["values"] for row in group["searches"] for network in row["front"]]
    return [pair[1] / 1e6 for pair in pairs], [100 - 100 * pair[0] for pair in pairs]


def _average(curves: Sequence[Sequence[float]]) -> list[float]:
    return [float(value) for value in np.mean(curves, axis=0)]


def _panel(
    rows: Sequence[Row],
    title: str,
    x_label: str,
    y_label: str,
    of: Callable[[Row], Points],
    *,
    dots: float = 0,
    around: Callable[[Row], Sequence[float]] | None = None,
) -> Figure:
    """One colour for each row; `around` is the deviation between networks."""
    series = []
    for index, row in enumerate(rows):
        x, y = of(row)
        shown = colour(index)
        series.append(Series(x=x, y=y, colour=shown, label=row["name"], dots=dots))
        apart = around(row) if around else ()
        for sign in (-1, 1) if around else ():
            edge = [value + sign * part for value, part in zip(y, apart, strict=True)]
            series.append(Series(x=x, y=edge, colour=shown, dash="dot", width=1.0))
    horizontal = [value for each in series for value in each.x] or [0.0]
    vertical = [value for each in series for value in each.y] or [0.0]
    return panel(
        title,
        series,
        x=linear(x_label, horizontal),
        y=linear(y_label, vertical),
        reading=f"{title}: {y_label} from {min(vertical):.4g} to {max(vertical):.4g}.",
    )
