"""The pictures: path accuracies (Fig. 1), fronts and identities (Fig. 6), hypervolumes, ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from common.lab import stats
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
    made = {key: _of_supernets(rows) for key, rows in found["studies"].items() if key != "rate"}
    made["ranks"] = _ranks(found)
    made |= {key: _of_searches(rows) for key, rows in found["searches"].items()}
    return {f"{name}_{k}.svg": draw(each, title=_TITLES[k]) for k, each in made.items() if each}


def _of_supernets(rows: Sequence[Row]) -> list[Figure]:
    """While it trains, of all networks at the end, and by the number of identities."""
    if not rows:
        return []
    end, forced = "Random networks at the end", "By forced identities"
    panels = [
        _panel(end, "accuracy, %", "share of them, %", _lines(rows, _distribution)),
        _panel(forced, "identities", "mean accuracy, %", _lines(rows, _by_flips)),
    ]
    if all(any(row["curves"].values()) for row in rows):
        title = "While it trains, ± deviation"
        series = [each for index, row in enumerate(rows) for each in _curve(row, colour(index))]
        panels.insert(0, _panel(title, "progress, %", "training images, mean %", series))
    return panels


def _curve(row: Row, shown: str) -> list[Series]:
    """Means over seeds, and the deviation between networks around them."""
    curves = [curve for curve in row["curves"].values() if curve]
    x = [100 * point["progress"] for point in curves[0]]
    means, deviations = (
        np.mean([[100 * point[of] for point in curve] for curve in curves], axis=0)
        for of in ("mean", "deviation")
    )
    edges = [
        Series(x=x, y=means + sign * deviations, colour=shown, dash="dot", width=1.0)
        for sign in (-1, 1)
    ]
    return [Series(x=x, y=means, colour=shown, label=row["name"]), *edges]


def _distribution(row: Row) -> Points:
    accuracies = [a for each in row["accuracies"].values() for a in each]
    values, shares = stats.empirical_distribution([100 * a for a in accuracies])
    return values, [100 * share for share in shares]


def _by_flips(row: Row) -> Points:
    means = [[100 * of[str(num)] for num in FLIPS] for of in row["flipped"].values()]
    return (FLIPS, np.mean(means, axis=0)) if means else ((), ())


def _of_searches(rows: Sequence[Row]) -> list[Figure]:
    """The final fronts, and means over a kind's searches by generation."""
    if not rows:
        return []
    names = dict.fromkeys(row["name"] for row in rows)
    groups = [{"name": n, "of": [row for row in rows if row["name"] == n]} for n in names]
    shares, volumes = ("generation", "identity_ratio"), ("evaluated", "hypervolume")
    fronts = _lines(groups, _front, dots=_DOT)
    ratios, hypervolumes = (_lines(groups, _generations, *of) for of in (shares, volumes))
    return [
        _panel("Final fronts", "M macs", "accuracy, %", fronts),
        _panel("Identities", "generation", "share of the layers, %", ratios),
        _panel("Hypervolume", "networks scored", "hypervolume, %", hypervolumes),
    ]


def _front(group: Row) -> Points:
    pairs = [network["values"] for row in group["of"] for network in row["front"]]
    return [pair[1] / 1e6 for pair in pairs], [100 - 100 * pair[0] for pair in pairs]


def _generations(group: Row, over: str, what: str) -> Points:
    every = [row["generations"] for row in group["of"]]
    x, y = (np.mean([[each[of] for each in run] for run in every], axis=0) for of in (over, what))
    return x, 100 * y


def _ranks(found: Row) -> list[Figure]:
    """A panel for each kind of supernet: the networks that were trained alone, means over seeds."""
    alone = [100 * float(np.mean(list(row["accuracies"].values()))) for row in found["ranked"]]
    panels = []
    for name in dict.fromkeys(row["name"] for row in found["agreement"]):
        own = np.mean([r["supernet"] for r in found["agreement"] if r["name"] == name], axis=0)
        dots = [Series(x=alone, y=100 * own, colour=colour(0), dots=_DOT)]
        panels.append(_panel(name.capitalize(), "alone, %", "in the supernet, %", dots))
    return panels


def _lines(rows: Sequence[Row], of: Any, *more: str, dots: float = 0) -> list[Series]:
    """A colour for each row."""
    points = [of(row, *more) for row in rows]
    return [
        Series(x=x, y=y, colour=colour(index), label=row["name"], dots=dots)
        for index, (row, (x, y)) in enumerate(zip(rows, points, strict=True))
    ]


def _panel(title: str, x: str, y: str, series: Sequence[Series]) -> Figure:
    horizontal = [value for each in series for value in each.x] or [0.0]
    vertical = [value for each in series for value in each.y] or [0.0]
    said = f"{title}: {y} from {min(vertical):.4g} to {max(vertical):.4g}."
    axes = {"x": linear(x, horizontal), "y": linear(y, vertical)}
    return panel(title, series, **axes, reading=said)
