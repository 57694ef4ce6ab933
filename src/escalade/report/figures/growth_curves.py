"""Growth of depth, width and resolution over the scaling stages (ScaleNet, Figs. 7 and 8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from escalade.artefacts.grown import Grown, GrownMember, GrowthPoint
from escalade.core.numbers.shown import listed
from escalade.core.scaling.curves import FORMS
from escalade.core.scaling.extrapolation import is_told
from escalade.report.family_row import FamilyRow
from escalade.report.figures.figure import Figure, Key, Trace, dots, label, layout, line
from escalade.report.palette import NEUTRAL, faded

NUM_POINTS = 61
_DASHES = {"exponential": "solid", "linear": "dash", "squared": "dot", "compound": "dashdot"}
_SWATCHES = {"exponential": "line", "linear": "dash", "squared": "dotted", "compound": "dashdot"}


def growth_curve(growth: Grown, *, dimension: str, family: Sequence[FamilyRow] = ()) -> Figure:
    """One dimension: the functions, the searched points, and the grown members with intervals.

    Args:
        growth: points, functions and grown members.
        dimension: depth, width or resolution.
    """
    last = float(max(point.stage for point in growth.points))
    end = max([last, *(float(member.stage) for member in growth.members)]) + 0.35
    fitted = {
        form: parameters[dimension]
        for form, parameters in growth.functions.items()
        if form in FORMS and parameters and parameters.get(dimension)
    }
    curves = [_curve(form, p, end, bold=form == growth.form) for form, p in fitted.items()]
    points = sorted(growth.points, key=lambda point: float(point.stage))
    scales_largest = growth.rule and not growth.functions
    reference = "the largest searched" if scales_largest else "the base"
    return Figure(
        name=f"growth-{dimension}",
        title=f"{dimension.capitalize()} ratio",
        reading=_reading(growth, dimension),
        traces=(
            *curves,
            *(_searched(point, dimension, family) for point in points),
            *(_grown(member, dimension, family) for member in growth.members),
        ),
        layout=layout(
            x={"title": {"text": "scaling stage j"}, "range": [-0.25, end], "dtick": 1},
            y={"title": {"text": f"{dimension} ratio to {reference}"}},
            shapes=[_beyond(last, end)] if growth.members else [],
        ),
        keys=_keys(tuple(fitted), growth.form, bool(growth.members)),
    )


def _curve(form: str, parameters: Mapping[str, float], end: float, *, bold: bool) -> Trace:
    stages = [end * i / (NUM_POINTS - 1) for i in range(NUM_POINTS)]
    values = np.array([[parameters[name] for name in FORMS[form].parameters]])
    return line(
        form,
        stages,
        [float(FORMS[form].predict(values, stage)[0]) for stage in stages],
        colour=NEUTRAL,
        width=2.5 if bold else 1.5,
        dash=_DASHES[form],
        hover=f"{form}<br>stage %{{x:.2f}}: %{{y:.3f}}",
    )


def _searched(point: GrowthPoint, dimension: str, family: Sequence[FamilyRow]) -> Trace:
    member = next((m for m in family if abs(m.stage - float(point.stage)) < 1e-9), None)
    name = member.name if member else f"stage {point.stage:g}"
    ratio = getattr(point, dimension)
    return dots(
        name,
        [point.stage],
        [ratio],
        colour=member.colour if member else NEUTRAL,
        size=11,
        hover=[f"{label(name)}, searched<br>{dimension} ratio {ratio:.3f}"],
        marker={"symbol": member.symbol if member else "circle"},
        cliponaxis=False,
    )


def _grown(grown: GrownMember, dimension: str, family: Sequence[FamilyRow]) -> Trace:
    """The predicted ratio (open) with its interval, and the one solved for its budget (filled)."""
    member = next((m for m in family if m.name == grown.name), None)
    colour, symbol = (member.colour, member.symbol) if member else (NEUTRAL, "circle")
    predicted, solved = getattr(grown.predicted, dimension), getattr(grown.solved, dimension)
    low, high = (grown.interval or {}).get(dimension) or (predicted, predicted)
    if not is_told(low, high):
        low = high = predicted
    name = label(grown.name)
    ends = {"array": [max(0.0, high - predicted), 0], "arrayminus": [max(0.0, predicted - low), 0]}
    style = {"color": faded(colour, 0.8), "thickness": 1.5, "width": 5}
    return dots(
        grown.name,
        [grown.stage, grown.stage],
        [predicted, solved],
        colour=colour,
        size=0,
        hover=[
            f"{name}, predicted<br>{dimension} ratio {predicted:.3f}<br>{low:.3f} to {high:.3f}",
            f"{name}, solved for its budget<br>{dimension} ratio {solved:.3f}",
        ],
        marker={
            "size": [14, 8],
            "symbol": [f"{symbol}-open", symbol],
            "line": {"width": 2, "color": colour},
        },
        error_y={"type": "data", "symmetric": False, **ends, **style},
        cliponaxis=False,
    )


def _beyond(last: float, end: float) -> dict[str, Any]:
    words = {"text": "extrapolated", "textposition": "bottom left", "font": {"size": 11}}
    ends = {"x0": last + 0.15, "x1": end, "y0": 0, "y1": 1, "yref": "paper"}
    style = {"fillcolor": faded(NEUTRAL, 0.12), "line": {"width": 0}, "layer": "below"}
    return {"type": "rect", "label": words, **ends, **style}


def _keys(forms: Sequence[str], chosen: str | None, grown: bool) -> tuple[Key, ...]:
    lines = tuple(
        Key(label=f"{f} (used)" if f == chosen else f, swatch=_SWATCHES[f], colour=NEUTRAL)
        for f in forms
    )
    marks = (
        Key(label="predicted, with interval", swatch="ring", colour=NEUTRAL),
        Key(label="searched, or solved for the budget", swatch="dot", colour=NEUTRAL),
    )
    return lines + (marks if grown else marks[1:])


def _reading(growth: Grown, dimension: str) -> str:
    searched = [f"{getattr(p, dimension):.2f} at stage {p.stage:.3g}" for p in growth.points]
    told = [f"Searched: {listed(searched)}."]
    for member in growth.members:
        low, high = (member.interval or {}).get(dimension) or (None, None)
        interval = ""
        if low is not None and high is not None:
            interval = f" ({low:.2f} to {high:.2f})" if is_told(low, high) else " (cannot be told)"
        predicted, solved = getattr(member.predicted, dimension), getattr(member.solved, dimension)
        told.append(f"{member.name}: {predicted:.2f}{interval} predicted, {solved:.2f} solved.")
    return " ".join(told)
