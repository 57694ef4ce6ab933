"""Growth of depth, width and resolution over the scaling stages (ScaleNet, Figs. 7 and 8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from escalade.core.scaling.curves import FORMS
from escalade.report.figures.figure import Figure, Key, Trace, label, layout
from escalade.report.member import Member
from escalade.report.number import listed
from escalade.report.palette import NEUTRAL, faded

NUM_POINTS = 61
_DASHES = {"exponential": "solid", "linear": "dash", "squared": "dot", "compound": "dashdot"}
_SWATCHES = {"exponential": "line", "linear": "dash", "squared": "dotted", "compound": "dashdot"}


def growth_curve(
    growth: Mapping[str, Any], *, dimension: str, members: Sequence[Member] = ()
) -> Figure:
    """One dimension: the functions, the searched points, and the grown members with intervals.

    Args:
        growth: the content of growth.json.
        dimension: depth, width or resolution.
        members: the family, for colours and markers.
    """
    by_name = {member.name: member for member in members}
    points = sorted(growth["points"], key=lambda point: float(point["stage"]))
    last = float(points[-1]["stage"])
    end = max([last, *(float(m["stage"]) for m in growth["members"])]) + 0.35
    fitted = {
        form: parameters[dimension]
        for form, parameters in growth["functions"].items()
        if form in FORMS and parameters and parameters.get(dimension)
    }
    chosen = str(growth.get("form", "exponential"))
    return Figure(
        name=f"growth-{dimension}",
        title=f"{dimension.capitalize()} ratio",
        reading=_reading(growth, dimension, tuple(fitted)),
        traces=(
            *(_curve(form, p, end, bold=form == chosen) for form, p in fitted.items()),
            *(_point(point, dimension, members) for point in points),
            *(_grown(member, dimension, by_name) for member in growth["members"]),
        ),
        layout=layout(
            x={"title": {"text": "scaling stage j"}, "range": [-0.25, end], "dtick": 1},
            y={"title": {"text": f"{dimension} ratio to {_reference(growth)}"}},
            shapes=[_beyond(last, end)] if growth["members"] else [],
            annotations=[_beyond_name(last)] if growth["members"] else [],
        ),
        keys=_keys(tuple(fitted), chosen, bool(growth["members"])),
    )


def _reference(growth: Mapping[str, Any]) -> str:
    """What a rule scales, or functions were fitted through."""
    scales_largest = "rule" in growth and not growth["functions"]
    return "the largest searched" if scales_largest else "the base"


def _curve(form: str, parameters: Mapping[str, float], end: float, *, bold: bool) -> Trace:
    stages = [end * i / (NUM_POINTS - 1) for i in range(NUM_POINTS)]
    values = np.array([[parameters[name] for name in FORMS[form].parameters]])
    return {
        "type": "scatter",
        "mode": "lines",
        "name": form,
        "x": stages,
        "y": [float(FORMS[form].predict(values, stage)[0]) for stage in stages],
        "line": {"dash": _DASHES[form], "width": 2.5 if bold else 1.5, "color": NEUTRAL},
        "hovertemplate": f"{form}<br>stage %{{x:.2f}}: %{{y:.3f}}<extra></extra>",
    }


def _point(point: Mapping[str, Any], dimension: str, members: Sequence[Member]) -> Trace:
    found = [m for m in members if abs(m.stage - float(point["stage"])) < 1e-9]
    name = label(found[0].name) if found else f"stage {point['stage']:g}"
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [point["stage"]],
        "y": [point[dimension]],
        "hovertext": [f"{name}, searched<br>{dimension} ratio {point[dimension]:.3f}"],
        "hoverinfo": "text",
        "cliponaxis": False,
        "marker": {
            "size": 11,
            "color": found[0].colour if found else NEUTRAL,
            "symbol": found[0].symbol if found else "circle",
        },
    }


def _grown(grown: Mapping[str, Any], dimension: str, by_name: Mapping[str, Member]) -> Trace:
    """The predicted ratio (open) with its interval, and the one solved for its budget (filled)."""
    member = by_name.get(str(grown["name"]))
    colour = member.colour if member else NEUTRAL
    symbol = member.symbol if member else "circle"
    predicted, solved = grown["predicted"][dimension], grown["solved"][dimension]
    name = label(str(grown["name"]))
    low, high = (grown.get("interval") or {}).get(dimension) or (predicted, predicted)
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [grown["stage"], grown["stage"]],
        "y": [predicted, solved],
        "hovertext": [
            f"{name}, predicted<br>{dimension} ratio {predicted:.3f}<br>{low:.3f} to {high:.3f}",
            f"{name}, solved for its budget<br>{dimension} ratio {solved:.3f}",
        ],
        "hoverinfo": "text",
        "cliponaxis": False,
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [max(0.0, high - predicted), 0],
            "arrayminus": [max(0.0, predicted - low), 0],
            "color": faded(colour, 0.8),
            "thickness": 1.5,
            "width": 5,
        },
        "marker": {
            "size": [14, 8],
            "color": colour,
            "symbol": [f"{symbol}-open", symbol],
            "line": {"width": 2, "color": colour},
        },
    }


def _beyond(last: float, end: float) -> dict[str, Any]:
    return {
        "type": "rect",
        "xref": "x",
        "yref": "paper",
        "x0": last + 0.15,
        "x1": end,
        "y0": 0,
        "y1": 1,
        "fillcolor": faded(NEUTRAL, 0.12),
        "line": {"width": 0},
        "layer": "below",
    }


def _beyond_name(last: float) -> dict[str, Any]:
    return {
        "x": last + 0.22,
        "y": 0.02,
        "xref": "x",
        "yref": "paper",
        "xanchor": "left",
        "yanchor": "bottom",
        "text": "extrapolated",
        "showarrow": False,
        "font": {"size": 11},
    }


def _keys(forms: Sequence[str], chosen: str, grown: bool) -> tuple[Key, ...]:
    lines = tuple(
        Key(label=f"{f} (used)" if f == chosen else f, swatch=_SWATCHES[f], colour=NEUTRAL)
        for f in forms
    )
    marks = (
        Key(label="predicted, with interval", swatch="ring", colour=NEUTRAL),
        Key(label="searched, or solved for the budget", swatch="dot", colour=NEUTRAL),
    )
    return lines + (marks if grown else marks[1:])


def _reading(growth: Mapping[str, Any], dimension: str, forms: Sequence[str]) -> str:
    searched = listed([f"{p[dimension]:.2f} at stage {p['stage']:.3g}" for p in growth["points"]])
    drawn = f"Fitted: {listed(list(forms)) if forms else 'nothing'}"
    if "rule" in growth:
        drawn = f"Rule: {growth['rule']}"
    text = f"Searched: {searched}. {drawn}."
    for member in growth["members"]:
        text += f" {member['name']}: predicted {member['predicted'][dimension]:.2f}"
        interval = (member.get("interval") or {}).get(dimension)
        text += f" (interval {interval[0]:.2f} to {interval[1]:.2f})" if interval else ""
        text += f", solved for its budget {member['solved'][dimension]:.2f}."
    return text
