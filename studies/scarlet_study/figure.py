"""The pictures: path accuracies (Fig. 1), fronts and identities (Fig. 6), hypervolumes, ranks."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from escalade.core.numbers.statistics import empirical_distribution
from escalade.report.figures.figure import Figure, Key, Trace, layout
from escalade.report.palette import colour
from escalade.report.svg import draw
from scarlet_study.setting import FLIPS
from scarlet_study.table import TITLES

Row = Mapping[str, Any]
Points = tuple[Sequence[float], Sequence[float]]
_STEPS = (1, 2, 5, 10)  # between ticks, in decades of the range
_MOST_TICKS = 6
_PAD = 0.04
_DOT = 6


def pictures(found: Mapping[str, Any], *, name: str) -> dict[str, str]:
    """SVG files by name; what has no results has none."""
    made: dict[str, list[Figure]] = {
        study: _of_supernets(rows)
        for study, rows in found["studies"].items()
        if study != "rate" and rows
    }
    if found["agreement"]:
        made["ranks"] = _ranks(found)
    for study, rows in found["searches"].items():
        if rows:
            made[study] = _of_searches(rows)
    titles = TITLES | _TITLES
    return {f"{name}_{key}.svg": draw(each, title=titles[key]) for key, each in made.items()}


_TITLES = {
    "ranks": "Accuracy in the supernet over accuracy alone",
    "constraint": "Fronts, identities and hypervolume, with and without the accuracy constraint",
    "controller": "Fronts, identities and hypervolume, with and without controller and weights",
}


def _of_supernets(rows: Sequence[Row]) -> list[Figure]:
    """While it trains, of all networks at the end, and by the number of identities."""
    panels = [
        _panel(
            rows, "Random networks at the end", "accuracy, %", "share of them, %", _distribution
        ),
        _panel(rows, "By forced identities", "identities", "mean accuracy, %", _by_flips),
    ]
    if all(any(row["curves"].values()) for row in rows):
        title, label = "While it trains, ± deviation", "training images, mean %"
        panels.insert(0, _panel(rows, title, "progress, %", label, _curve, around=True))
    return panels


def _of_searches(rows: Sequence[Row]) -> list[Figure]:
    groups = [
        {"name": name, "searches": [row for row in rows if row["name"] == name]}
        for name in dict.fromkeys(row["name"] for row in rows)
    ]
    return [
        _panel(groups, "Final fronts", "M macs", "accuracy, %", _fronts, dots=True),
        _panel(groups, "Identities", "generation", "share of the layers, %", _ratios),
        _panel(groups, "Hypervolume", "networks scored", "hypervolume, %", _volumes),
    ]


def _ranks(found: Mapping[str, Any]) -> list[Figure]:
    """A panel for each kind of supernet: the networks that were trained alone, means over seeds."""
    alone = [float(np.mean(list(row["accuracies"].values()))) for row in found["ranked"]]
    panels = []
    for name in dict.fromkeys(row["name"] for row in found["agreement"]):
        own = [row["supernet"] for row in found["agreement"] if row["name"] == name]
        row = {"name": name, "alone": alone, "own": _average(own)}
        label = "in the supernet, %"
        panel = _panel([row], name.capitalize(), "alone, %", label, _pairs, dots=True)
        panels.append(replace(panel, keys=()))
    return panels


def _curve(row: Row) -> Points:
    """Means over seeds."""
    curves = [curve for curve in row["curves"].values() if curve]
    progress = [100 * point["progress"] for point in curves[0]]
    return progress, _average([[100 * point["mean"] for point in curve] for curve in curves])


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


def _ratios(group: Row) -> Points:
    return _generations(group, "generation"), _of_generations(group, "identity_ratio")


def _volumes(group: Row) -> Points:
    return _generations(group, "evaluated"), _of_generations(group, "hypervolume")


def _generations(group: Row, name: str) -> list[float]:
    return _average([[g[name] for g in row["generations"]] for row in group["searches"]])


def _of_generations(group: Row, name: str) -> list[float]:
    return [100 * value for value in _generations(group, name)]


def _pairs(row: Row) -> Points:
    return [100 * a for a in row["alone"]], [100 * a for a in row["own"]]


def _average(curves: Sequence[Sequence[float]]) -> list[float]:
    return [float(value) for value in np.mean(curves, axis=0)]


def _panel(
    rows: Sequence[Row],
    title: str,
    x_label: str,
    y_label: str,
    of: Callable[[Row], Points],
    *,
    dots: bool = False,
    around: bool = False,
) -> Figure:
    """One colour for each row; `around` adds the deviation between networks."""
    traces: list[Trace] = []
    for index, row in enumerate(rows):
        x, y = of(row)
        traces.append(_trace(row["name"], x, y, index=index, dots=dots))
        for sign in (-1, 1) if around else ():
            apart = _deviations(row)
            edge = [value + sign * part for value, part in zip(y, apart, strict=True)]
            traces.append(_trace(row["name"], x, edge, index=index, dash="dot"))
    horizontal, vertical = ([value for t in traces for value in t[axis]] for axis in "xy")
    if not horizontal:
        horizontal, vertical = [0.0], [0.0]
    return Figure(
        name=f"scarlet-{title}",
        title=title,
        reading=f"{title}: {y_label} from {min(vertical):.4g} to {max(vertical):.4g}.",
        traces=tuple(traces),
        layout=layout(x=_axis(x_label, horizontal), y=_axis(y_label, vertical)),
        keys=tuple(
            Key(label=row["name"], swatch="dot" if dots else "line", colour=colour(index))
            for index, row in enumerate(rows)
        ),
    )


def _deviations(row: Row) -> list[float]:
    curves = [curve for curve in row["curves"].values() if curve]
    return _average([[100 * point["deviation"] for point in curve] for curve in curves])


def _trace(
    name: str,
    x: Sequence[float],
    y: Sequence[float],
    *,
    index: int,
    dots: bool = False,
    dash: str = "solid",
) -> Trace:
    plain = {"type": "scatter", "name": name, "x": list(x), "y": list(y)}
    if dots:
        return plain | {"mode": "markers", "marker": {"size": _DOT, "color": colour(index)}}
    width = 2.0 if dash == "solid" else 1.0
    line = {"color": colour(index), "width": width, "dash": dash}
    return plain | {"mode": "lines", "line": line}


def _axis(title: str, values: Sequence[float]) -> dict[str, Any]:
    """A linear axis with even round ticks and some air at its ends."""
    low, high = min(values), max(values)
    span = high - low or abs(high) or 1.0
    decade = 10.0 ** math.floor(math.log10(span / _MOST_TICKS))
    step = next(s * decade for s in _STEPS if span / (s * decade) <= _MOST_TICKS)
    ticks = [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return {
        "title": {"text": title},
        "type": "linear",
        "range": [low - _PAD * span, high + _PAD * span],
        "tickvals": ticks,
        "ticktext": [f"{tick:.6g}" for tick in ticks],
    }
