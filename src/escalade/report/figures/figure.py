"""A figure as a value: plotly's traces and layout, with the words around it."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from escalade.core.numbers.shown import amount

Trace = dict[str, Any]
_MARGIN = {"l": 60, "r": 16, "t": 14, "b": 52}


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One entry of a figure's key: plain text beside a swatch.

    `swatch` is one of dot, faint, ring, mark, line, dash, dotted, dashdot, area.
    """

    label: str
    swatch: str
    colour: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A plotly figure, its title, key and text alternative (plain text, escaped by the page)."""

    name: str
    title: str
    reading: str
    traces: tuple[Trace, ...]
    layout: dict[str, Any]
    keys: tuple[Key, ...] = ()

    def to_plotly(self) -> dict[str, Any]:
        """What `plotly.graph_objects.Figure` and plotly.js take."""
        return {"data": list(self.traces), "layout": self.layout}


def label(text: str) -> str:
    """Text from outside, for use in plotly, which reads some HTML in every text."""
    return html.escape(text, quote=False)


def line(
    name: str,
    x: Sequence[float],
    y: Sequence[float],
    *,
    colour: str,
    width: float = 2,
    dash: str = "solid",
    hover: Sequence[str] | str = "",
    **more: Any,
) -> Trace:
    """A line; `hover` is a template or a text for each point, without it the line is silent."""
    style = {"color": colour, "width": width, "dash": dash} | more.pop("line", {})
    return _trace(name, x, y, hover, {"mode": "lines", "line": style} | more)


def dots(
    name: str,
    x: Sequence[float],
    y: Sequence[float],
    *,
    colour: str,
    size: float,
    hover: Sequence[str] | str = "",
    **more: Any,
) -> Trace:
    """Marks without a line; `hover` as for lines."""
    style = {"color": colour, "size": size} | more.pop("marker", {})
    return _trace(name, x, y, hover, {"mode": "markers", "marker": style} | more)


def layout(*, x: dict[str, Any], y: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The layout all figures share; `x` and `y` are their axes with titles."""
    return {
        "xaxis": _axis(x),
        "yaxis": _axis(y),
        "margin": _MARGIN,
        "showlegend": False,
        "hovermode": "closest",
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        **more,
    }


def log_axis(title: str, low: float, high: float, *, kind: str = "macs") -> dict[str, Any]:
    """A logarithmic axis with some air at its ends; ticks are amounts of a kind, such as 2M."""
    pad = 0.04 * max(math.log10(high / low), 0.3)
    ticks = log_ticks(low, high)
    return {
        "title": {"text": title},
        "type": "log",
        "range": [math.log10(low) - pad, math.log10(high) + pad],
        "tickvals": ticks,
        "ticktext": [amount(tick, kind) for tick in ticks],
    }


def log_ticks(low: float, high: float) -> list[float]:
    """Round values over a range: 1, 2, 5 of each decade, decades only over a long range."""
    steps = (1, 2, 5) if high / low < 3e3 else (1,)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [step * 10.0**decade for decade in decades for step in steps]
    return [tick for tick in ticks if 0.93 * low <= tick <= 1.07 * high]


def _axis(axis: dict[str, Any]) -> dict[str, Any]:
    title = {"standoff": 10} | axis["title"]
    return {"automargin": True, "zeroline": False, "ticks": "", **axis, "title": title}


def _trace(
    name: str, x: Sequence[float], y: Sequence[float], hover: Sequence[str] | str, more: Trace
) -> Trace:
    told: Trace = {"hoverinfo": "text", "hovertext": list(hover)} if hover else {}
    if isinstance(hover, str):
        told = {"hovertemplate": f"{hover}<extra></extra>"} if hover else {"hoverinfo": "skip"}
    return {"type": "scatter", "name": label(name), "x": list(x), "y": list(y), **told, **more}
