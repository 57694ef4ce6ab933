"""Line figures side by side as one SVG, for documents: where everything stands in the template."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10
from typing import Any

from escalade.report.document import render
from escalade.report.figures.figure import Figure

WIDTH, HEIGHT = 340, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 14, 40, 52
_KEY_HEIGHT, _KEY_WIDTH = 34, 92


def draw(figures: Sequence[Figure], *, title: str) -> str:
    """Figures with log or linear axes and traces of lines and dots, under the first one's key.

    Raises:
        ValueError: for an axis that says neither.
    """
    keys = figures[0].keys
    return render(
        "lines.svg.j2",
        title=title,
        width=WIDTH * len(figures),
        height=HEIGHT + _KEY_HEIGHT,
        keys=keys,
        pitch=max([_KEY_WIDTH, *(48 + 6 * len(key.label) for key in keys)]),
        panels=[_panel(figure, WIDTH * i) for i, figure in enumerate(figures)],
    )


def _panel(figure: Figure, left: int) -> dict[str, Any]:
    x = _Axis(figure.layout["xaxis"], _LEFT, WIDTH - _RIGHT)
    y = _Axis(figure.layout["yaxis"], HEIGHT - _BOTTOM, _TOP)
    traces = [
        (trace, [(x.at(a), y.at(b)) for a, b in zip(trace["x"], trace["y"], strict=True)])
        for trace in figure.traces
    ]
    words = {"title": figure.title, "reading": figure.reading}
    return words | {"left": left, "x": x, "y": y, "traces": traces}


class _Axis:
    """Places on one axis, from `low` to `high` in pixels of the panel."""

    def __init__(self, axis: dict[str, Any], low: float, high: float) -> None:
        if axis.get("type") not in ("log", "linear"):
            raise ValueError("an axis is not logarithmic or linear; only those are drawn")
        self.low, self.high = low, high
        self.title = str(axis["title"]["text"])
        self._logarithmic = axis["type"] == "log"
        self._first, self._last = (float(end) for end in axis["range"])
        values = zip(axis["tickvals"], axis["ticktext"], strict=True)
        self.ticks = [(self.at(value), shown) for value, shown in values]

    def at(self, value: float) -> str:
        place = log10(value) if self._logarithmic else value
        share = (place - self._first) / (self._last - self._first)
        return f"{self.low + share * (self.high - self.low):.1f}"
