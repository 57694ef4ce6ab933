"""Line figures side by side as one SVG, for documents; no browser and no plotly."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import log10
from typing import Any

from escalade.report.figures import Figure, Key
from escalade.report.figures.figure import Trace
from escalade.report.sections.markup import text

WIDTH, HEIGHT = 340, 320
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 14, 40, 52
_KEY_HEIGHT, _KEY_WIDTH = 34, 92
_INK, _SOFT, _GRID, _GROUND = "#1c2126", "#5a636d", "#e2e4e3", "#ffffff"
_DASHES = {"solid": "none", "dash": "7 3", "dot": "2 3", "dashdot": "7 3 2 3"}
_SCALES: dict[str, Callable[[float], float]] = {"log": log10, "linear": float}
_SWATCHES = {"line": "solid", "dash": "dash", "dotted": "dot", "dashdot": "dashdot"}


def draw(figures: Sequence[Figure], *, title: str) -> str:
    """Figures with log or linear axes and traces of lines and dots, under the first one's key.

    Raises:
        ValueError: for an axis that says neither.
    """
    width, height = WIDTH * len(figures), HEIGHT + _KEY_HEIGHT
    panels = "".join(
        f'<g transform="translate({WIDTH * i} {_KEY_HEIGHT})">{_panel(figure)}</g>'
        for i, figure in enumerate(figures)
    )
    shown = figures[0].keys
    pitch = max([_KEY_WIDTH, *(48 + 6 * len(key.label) for key in shown)])
    keys = "".join(_key(key, _LEFT + pitch * i) for i, key in enumerate(shown))
    said = text(" ".join(figure.reading for figure in figures))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" font-family="Arial, sans-serif" '
        f'font-size="11" fill="{_SOFT}"><title>{text(title)}</title><desc>{said}</desc>'
        f'<rect width="{width}" height="{height}" fill="{_GROUND}"/>{keys}{panels}</svg>\n'
    )


def _panel(figure: Figure) -> str:
    x, y = (_Axis(figure.layout[f"{name}axis"]) for name in "xy")
    x.low, x.high = _LEFT, WIDTH - _RIGHT
    y.low, y.high = HEIGHT - _BOTTOM, _TOP
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    parts = [
        f'<text x="{_LEFT}" y="26" font-size="14" font-weight="bold" fill="{_INK}">'
        f"{text(figure.title)}</text>",
        *_ticks(x, y),
        f'<text x="{middle:g}" y="{HEIGHT - 14}" text-anchor="middle">{text(x.title)}</text>',
        f'<text transform="translate(14 {(y.low + y.high) / 2:g}) rotate(-90)" '
        f'text-anchor="middle">{text(y.title)}</text>',
        *(_trace(trace, x, y) for trace in figure.traces),
    ]
    return "".join(parts)


class _Axis:
    """Places on one axis, in pixels of the panel."""

    low: float
    high: float

    def __init__(self, axis: dict[str, Any]) -> None:
        if axis.get("type") not in _SCALES:
            raise ValueError("an axis is not logarithmic or linear; only those are drawn")
        self._scale = _SCALES[axis["type"]]
        self.title = str(axis["title"]["text"])
        self.ticks = list(zip(axis["tickvals"], axis["ticktext"], strict=True))
        self._first, self._last = (float(end) for end in axis["range"])

    def at(self, value: float) -> float:
        share = (self._scale(value) - self._first) / (self._last - self._first)
        return self.low + share * (self.high - self.low)


def _ticks(x: _Axis, y: _Axis) -> Iterator[str]:
    for value, shown in x.ticks:
        at = f"{x.at(value):.1f}"
        yield f'<path d="M{at} {y.high:g}V{y.low:g}" stroke="{_GRID}"/>'
        yield f'<text x="{at}" y="{y.low + 16:g}" text-anchor="middle">{text(shown)}</text>'
    for value, shown in y.ticks:
        at = f"{y.at(value):.1f}"
        yield f'<path d="M{x.low:g} {at}H{x.high:g}" stroke="{_GRID}"/>'
        yield (f'<text x="{x.low - 6:g}" y="{at}" dy="4" text-anchor="end">{text(shown)}</text>')


def _trace(trace: Trace, x: _Axis, y: _Axis) -> str:
    points = [
        (f"{x.at(a):.1f}", f"{y.at(b):.1f}") for a, b in zip(trace["x"], trace["y"], strict=True)
    ]
    if trace["mode"] == "markers":
        radius, fill = trace["marker"]["size"] / 2, trace["marker"]["color"]
        return "".join(
            f'<circle cx="{a}" cy="{b}" r="{radius:g}" fill="{fill}"/>' for a, b in points
        )
    line = trace["line"]
    path = "L".join(f"{a} {b}" for a, b in points)
    return f'<path d="M{path}" fill="none" {_stroke(line["color"], line["dash"], line["width"])}/>'


def _key(key: Key, left: int) -> str:
    if key.swatch == "dot":
        swatch = f'<circle cx="{left + 13}" cy="22" r="5" fill="{key.colour}"/>'
    else:
        stroke = _stroke(key.colour, _SWATCHES[key.swatch], 2.5)
        swatch = f'<path d="M{left} 22h26" {stroke}/>'
    return f'{swatch}<text x="{left + 32}" y="26" fill="{_INK}">{text(key.label)}</text>'


def _stroke(colour: str, dash: str, width: float) -> str:
    return (
        f'stroke="{colour}" stroke-width="{width:g}" stroke-dasharray="{_DASHES[dash]}" '
        'stroke-linejoin="round"'
    )
