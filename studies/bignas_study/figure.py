"""The pictures: errors of the slices over macs, small, middle and big ones apart."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bignas_study.plan import TRIED
from bignas_study.setting import NAMES
from bignas_study.table import TITLES
from escalade.report.figures.figure import Figure, Key, Trace, layout, log_axis
from escalade.report.palette import NEUTRAL, colour
from escalade.report.svg import draw

Row = Mapping[str, Any]
ALONE = "trained alone"
_ARMS = 4  # that fit a picture's key
_STEPS = (0.1, 0.2, 0.5, 1.0, 2.0)  # between ticks, in decades of the range
_MOST_TICKS = 8


def pictures(found: Mapping[str, Any], *, name: str) -> dict[str, str]:
    """SVG files by name; studies without results, and those of short supernets, have none."""
    made = {}
    for study, rows in found["studies"].items():
        if study in TRIED or len(rows) < 2:
            continue
        for start in range(0, len(rows), _ARMS):
            part = rows[start : start + _ARMS]
            networks = found["slices"] if study == "step" else []
            file = f"{name}_{study}{start // _ARMS + 1 if start else ''}.svg"
            made[file] = draw(_panels(study, part, networks), title=TITLES[study])
    return made


def _panels(study: str, rows: Sequence[Row], networks: Sequence[Row]) -> list[Figure]:
    """The thirds of the slices, as in the tables, each with the networks of its budget."""
    parts = np.array_split(np.arange(len(rows[0]["macs"])), len(NAMES))
    return [
        _panel(study, name, rows, part.tolist(), [n for n in networks if n["name"] == name])
        for name, part in zip(NAMES, parts, strict=True)
    ]


def _panel(
    study: str, name: str, rows: Sequence[Row], part: Sequence[int], networks: Sequence[Row]
) -> Figure:
    macs = [rows[0]["macs"][index] for index in part]
    traces: list[Trace] = []
    for index, row in enumerate(rows):
        line = {"color": colour(index), "width": 1.5, "dash": "solid"}
        errors = _errors(row)
        y = [errors[i] for i in part]
        x = [row["macs"][i] for i in part]
        traces.append({"mode": "lines", "name": row["name"], "x": x, "y": y, "line": line})
    keys = [
        Key(label=row["name"], swatch="line", colour=colour(index))
        for index, row in enumerate(rows)
    ]
    alone = [n for n in networks if n["alone"]]
    if alone:
        y = [100 - 100 * float(np.mean(list(n["alone"].values()))) for n in alone]
        marker = {"size": 8, "color": NEUTRAL}
        x = [n["macs"] for n in alone]
        traces.append({"mode": "markers", "name": ALONE, "x": x, "y": y, "marker": marker})
        keys.append(Key(label=ALONE, swatch="dot", colour=NEUTRAL))
    values = [value for trace in traces for value in trace["y"]]
    return Figure(
        name=f"bignas-{study}-{name}",
        title=f"{name.capitalize()} slices",
        reading=f"{name.capitalize()}: errors from {min(values):.2f} % to {max(values):.2f} %.",
        traces=tuple({"type": "scatter", **trace} for trace in traces),
        layout=layout(
            x=log_axis("macs (log scale)", min(macs), max(macs)),
            y=_axis("error, %", min(values), max(values)),
        ),
        keys=tuple(keys),
    )


def _errors(row: Row) -> list[float]:
    """Of every slice, the mean over seeds."""
    of_seeds = zip(*row["accuracies"].values(), strict=True)
    return [100 - 100 * sum(each) / len(each) for each in of_seeds]


def _axis(title: str, low: float, high: float) -> dict[str, Any]:
    """A logarithmic axis over less than a decade, with even ticks."""
    decade = 10.0 ** math.floor(math.log10(high - low or high))
    step = next(s * decade for s in _STEPS if (high - low) / (s * decade) <= _MOST_TICKS)
    ticks = [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
    axis = log_axis(f"{title} (log scale)", low, high)
    return axis | {"tickvals": ticks, "ticktext": [f"{tick:g}" for tick in ticks]}
