"""The pictures: errors of the slices over macs, small, middle and big ones apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bignas_study.arms import TRIED
from bignas_study.setting import NAMES
from bignas_study.table import TITLES
from common.pictures import NEUTRAL, Figure, Series, colour, draw, log, log_even, panel

Row = Mapping[str, Any]
_ARMS = 4  # that fit a picture's key
_MOST_TICKS = 8


def pictures(found: Row, name: str) -> dict[str, str]:
    """SVG files by name; studies without results, and those of short supernets, have none."""
    made = {}
    for study, rows in found["studies"].items():
        for start in range(0, len(rows), _ARMS) if study not in TRIED and len(rows) > 1 else ():
            networks = found["slices"] if study == "step" else []
            panels = _panels(rows[start : start + _ARMS], networks)
            file = f"{name}_{study}{start // _ARMS + 1 if start else ''}.svg"
            made[file] = draw(panels, title=TITLES[study])
    return made


def _panels(rows: Sequence[Row], networks: Sequence[Row]) -> list[Figure]:
    """The thirds of the slices, as in the tables, each with the networks of its budget."""
    parts = np.array_split(np.arange(len(rows[0]["macs"])), len(NAMES))
    alone = [row for row in networks if row["alone"]]
    return [
        _panel(name, rows, part.tolist(), [row for row in alone if row["name"] == name])
        for name, part in zip(NAMES, parts, strict=True)
    ]


def _panel(name: str, rows: Sequence[Row], part: Sequence[int], alone: Sequence[Row]) -> Figure:
    series = []
    for index, row in enumerate(rows):
        errors = [_error([of[place] for of in row["accuracies"].values()]) for place in part]
        x, shown = [row["macs"][place] for place in part], colour(index)
        series.append(Series(x=x, y=errors, colour=shown, width=1.5, label=row["name"]))
    if alone:
        x, y = [n["macs"] for n in alone], [_error(list(n["alone"].values())) for n in alone]
        series.append(Series(x=x, y=y, colour=NEUTRAL, dots=8, label="trained alone"))
    values = [value for each in series for value in each.y]
    title = name.capitalize()
    return panel(
        f"{title} slices",
        series,
        x=log("macs", series[0].x),
        y=log_even("error, %", values, most=_MOST_TICKS),
        reading=f"{title}: errors from {min(values):.2f} % to {max(values):.2f} %.",
    )


def _error(accuracies: Sequence[float]) -> float:
    """Mean over seeds."""
    return 100 - 100 * sum(accuracies) / len(accuracies)
