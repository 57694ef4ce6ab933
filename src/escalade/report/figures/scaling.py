"""Costs against the factor under several rules (Fast and Accurate Model Scaling, Fig. 1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from escalade.core.network.cost import Cost
from escalade.core.scaling.cost_curves import CostCurve
from escalade.report.figures.figure import Figure, Key, Trace, label, layout, log_axis
from escalade.report.number import amount
from escalade.report.palette import NEUTRAL, colour

KINDS = ("macs", "params", "activations")
# Of the palette, so that neighbours among the usual rules are far apart.
_COLOURS = (0, 5, 2, 3, 1, 6, 4, 7)
_STYLES = (("solid", "line"), ("dash", "dash"), ("dashdot", "dashdot"), ("dot", "dotted"))


def cost_curves(
    curves: Sequence[CostCurve], *, kind: str, chosen: tuple[str, float, Cost] | None = None
) -> Figure:
    """One kind of cost over the factor, a line for each rule.

    Args:
        curves: at least one, with at least one point each.
        kind: macs, params or activations.
        chosen: rule, factor and cost of a network to mark; its rule's line is drawn bold.
    """
    factors = [factor for curve in curves for factor in curve.factors]
    values = [value for curve in curves for value in _values(curve, kind)]
    if chosen is not None:
        factors.append(chosen[1])
        values.append(getattr(chosen[2], kind))
    lines = tuple(
        _line(curve, kind, index, bold=chosen is not None and curve.rule == chosen[0])
        for index, curve in enumerate(curves)
    )
    return Figure(
        name=f"scaling-{kind}",
        title=kind.capitalize(),
        reading=_reading(curves, kind),
        traces=lines if chosen is None else (*lines, _mark(chosen, kind)),
        layout=layout(
            x=_factor_axis(min(factors), max(factors)),
            y=log_axis(f"{kind} (log scale)", min(values), max(values)),
        ),
        keys=_keys(curves, chosen),
    )


def _factor_axis(low: float, high: float) -> dict[str, Any]:
    axis = log_axis("factor s (log scale)", low, high)
    return axis | {"ticktext": [f"{tick:g}" for tick in axis["tickvals"]]}


def _colour(index: int) -> str:
    return colour(_COLOURS[index % len(_COLOURS)])


def _values(curve: CostCurve, kind: str) -> list[int]:
    return [getattr(cost, kind) for cost in curve.costs]


def _line(curve: CostCurve, kind: str, index: int, *, bold: bool) -> Trace:
    dash = _STYLES[index % len(_STYLES)][0]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label(curve.rule),
        "x": list(curve.factors),
        "y": _values(curve, kind),
        "line": {"color": _colour(index), "dash": dash, "width": 3 if bold else 1.75},
        "hovertemplate": f"{label(curve.rule)}<br>factor %{{x:.3g}}: %{{y:.4s}} {kind}"
        "<extra></extra>",
    }


def _mark(chosen: tuple[str, float, Cost], kind: str) -> Trace:
    rule, factor, cost = chosen
    value = getattr(cost, kind)
    said = f"{label(rule)}, factor {factor:g}<br>{amount(value)} {kind}"
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "this network",
        "x": [factor],
        "y": [value],
        "hovertext": [said],
        "hoverinfo": "text",
        "cliponaxis": False,
        "marker": {"size": 10, "color": NEUTRAL, "symbol": "circle"},
    }


def _keys(curves: Sequence[CostCurve], chosen: tuple[str, float, Cost] | None) -> tuple[Key, ...]:
    lines = tuple(
        Key(label=curve.rule, swatch=_STYLES[index % len(_STYLES)][1], colour=_colour(index))
        for index, curve in enumerate(curves)
    )
    mark = () if chosen is None else (Key(label="this network", swatch="dot", colour=NEUTRAL),)
    return (*lines, *mark)


def _reading(curves: Sequence[CostCurve], kind: str) -> str:
    """Where every line begins and ends."""
    told = []
    for curve in curves:
        values = _values(curve, kind)
        told.append(
            f"{curve.rule} {amount(values[0])} to {amount(values[-1])}, "
            f"{values[-1] / values[0]:.3g} times"
        )
        if curve.factors[-1] != curves[0].factors[-1]:
            told[-1] += f" at factor {curve.factors[-1]:g}"
    first, last = curves[0].factors[0], curves[0].factors[-1]
    return f"{kind.capitalize()} from factor {first:g} to {last:g}: {'; '.join(told)}."
