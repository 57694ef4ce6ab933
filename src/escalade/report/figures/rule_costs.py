"""Costs against the factor under several rules (Fast and Accurate Model Scaling, Fig. 1)."""

from __future__ import annotations

from collections.abc import Sequence

from escalade.core.network.cost import Cost
from escalade.core.numbers.shown import amount
from escalade.core.scaling.exponents import CostCurve
from escalade.report.figures.figure import Figure, Key, dots, label, layout, line, log_axis
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
    traces, keys = [], []
    for i, curve in enumerate(curves):
        shade = colour(_COLOURS[i % len(_COLOURS)])
        dash, swatch = _STYLES[i % len(_STYLES)]
        keys.append(Key(label=curve.rule, swatch=swatch, colour=shade))
        bold = chosen is not None and curve.rule == chosen[0]
        hover = f"{label(curve.rule)}<br>factor %{{x:.3g}}: %{{y:.4s}} {kind}"
        drawn = line(
            curve.rule, curve.factors, _values(curve, kind), colour=shade, hover=hover, dash=dash,
            width=3 if bold else 1.75,
        )  # fmt: skip
        traces.append(drawn)
    if chosen is not None:
        rule, factor, cost = chosen
        value = getattr(cost, kind)
        factors.append(factor)
        values.append(value)
        said = f"{label(rule)}, factor {factor:g}<br>{amount(value)} {kind}"
        traces.append(
            dots("this network", [factor], [value], colour=NEUTRAL, size=10, hover=[said])
        )
        keys.append(Key(label="this network", swatch="dot", colour=NEUTRAL))
    x = log_axis("factor s (log scale)", min(factors), max(factors))
    return Figure(
        name=f"scaling-{kind}",
        title=kind.capitalize(),
        reading=_reading(curves, kind),
        traces=tuple(traces),
        layout=layout(x=x, y=log_axis(f"{kind} (log scale)", min(values), max(values))),
        keys=tuple(keys),
    )


def _values(curve: CostCurve, kind: str) -> list[int]:
    return [getattr(cost, kind) for cost in curve.costs]


def _reading(curves: Sequence[CostCurve], kind: str) -> str:
    """Where every line begins and ends."""
    told = []
    for curve in curves:
        values = _values(curve, kind)
        times = f"{values[-1] / values[0]:.3g} times"
        told.append(f"{curve.rule} {amount(values[0])} to {amount(values[-1])}, {times}")
        if curve.factors[-1] != curves[0].factors[-1]:
            told[-1] += f" at factor {curve.factors[-1]:g}"
    first, last = curves[0].factors[0], curves[0].factors[-1]
    return f"{kind.capitalize()} from factor {first:g} to {last:g}: {'; '.join(told)}."
