"""Pictures: panels of lines and dots over round ticks, side by side in one SVG file."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from common.lab import NEUTRAL, Figure, Key, colour, draw, figure_layout, log_axis

__all__ = ["NEUTRAL", "Figure", "Series", "colour", "draw", "linear", "log", "log_even", "panel"]
_PAD = 0.04
_STEPS = (1, 2, 5, 10)  # between ticks, in decades of the range


@dataclass(frozen=True, kw_only=True)
class Series:
    """Points of one colour: a line, or dots.

    Attributes:
        x, y: the points.
        colour: of all of them.
        label: in the picture's key, which is its first panel's, neutral ones last; may be empty.
        dots: their size; 0 is a line.
        dash, width: of the line.
    """

    x: Sequence[float]
    y: Sequence[float]
    colour: str
    label: str = ""
    dots: float = 0
    dash: str = "solid"
    width: float = 2.0

    def trace(self) -> dict[str, Any]:
        points = {"type": "scatter", "x": list(self.x), "y": list(self.y)}
        if self.dots:
            marker = {"size": self.dots, "color": self.colour}
            return points | {"mode": "markers", "marker": marker}
        line = {"color": self.colour, "width": self.width, "dash": self.dash}
        return points | {"mode": "lines", "line": line}


def panel(
    title: str,
    series: Sequence[Series],
    *,
    x: dict[str, Any],
    y: dict[str, Any],
    reading: str,
) -> Figure:
    """One panel of a picture.

    Args:
        title: above it.
        series: later ones lie on top.
        x, y: the axes, made by `log`, `log_even` or `linear`.
        reading: what it shows, in words.
    """
    shown = [each for each in series if each.label]
    shown.sort(key=lambda each: each.colour == NEUTRAL)
    return Figure(
        name=title,
        title=title,
        reading=reading,
        traces=tuple(each.trace() for each in series),
        layout=figure_layout(x=x, y=y),
        keys=tuple(
            Key(label=each.label, swatch="dot" if each.dots else "line", colour=each.colour)
            for each in shown
        ),
    )


def log(title: str, values: Sequence[float]) -> dict[str, Any]:
    """A logarithmic axis with ticks at 1, 2 and 5 of each decade."""
    return log_axis(f"{title} (log scale)", min(values), max(values))


def log_even(title: str, values: Sequence[float], *, most: int = 6) -> dict[str, Any]:
    """A logarithmic axis over less than a decade: even ticks, at most so many."""
    return log(title, values) | _ticks(min(values), max(values), most=most)


def linear(title: str, values: Sequence[float]) -> dict[str, Any]:
    """A linear axis with even ticks and some air at its ends."""
    low, high = min(values), max(values)
    span = high - low or abs(high) or 1.0
    ends = [low - _PAD * span, high + _PAD * span]
    return {"title": {"text": title}, "type": "linear", "range": ends} | _ticks(low, high, most=6)


def _ticks(low: float, high: float, *, most: int) -> dict[str, Any]:
    """Round numbers at even distances."""
    span = high - low or abs(high) or 1.0
    decade = 10.0 ** math.floor(math.log10(span / most))
    step = next(s * decade for s in _STEPS if span / (s * decade) <= most)
    ticks = [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return {"tickvals": ticks, "ticktext": [_shown(tick) for tick in ticks]}


def _shown(value: float) -> str:
    return f"{value / 1000:g} k" if value >= 1000 else f"{value:g}"
