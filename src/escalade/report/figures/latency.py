"""Predicted against measured latency of the networks that the latency table is checked on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from escalade.report.figures.figure import Figure, Key, layout
from escalade.report.number import count, latency, percent
from escalade.report.palette import NEUTRAL, colour


def latency_check(table: Mapping[str, Any] | None) -> Figure | None:
    """A dot for each network, and the line on which predictions are right.

    Args:
        table: `latency` of plan.json; None where budgets are no latencies.
    """
    if not table or not table["check"]["measured"]:
        return None
    check = table["check"]
    measured = [1e3 * value for value in check["measured"]]
    predicted = [1e3 * value for value in check["predicted"]]
    ends = [min(measured + predicted) * 0.95, max(measured + predicted) * 1.05]
    line = {
        "type": "scatter",
        "mode": "lines",
        "name": "exact",
        "x": ends,
        "y": ends,
        "line": {"color": NEUTRAL, "width": 1.5, "dash": "dot"},
        "hoverinfo": "skip",
    }
    dots = {
        "type": "scatter",
        "mode": "markers",
        "name": "networks",
        "x": measured,
        "y": predicted,
        "marker": {"size": 8, "color": colour(0)},
        "hovertemplate": "measured %{x:.3g} ms<br>predicted %{y:.3g} ms<extra></extra>",
    }
    return Figure(
        name="latency-check",
        title="Predicted latency",
        reading=_reading(table),
        traces=(line, dots),
        layout=layout(
            x={"title": {"text": "measured (ms)"}, "range": ends},
            y={"title": {"text": "predicted (ms)"}, "range": ends},
        ),
        keys=(
            Key(label="a network the table was not fitted to", swatch="dot", colour=colour(0)),
            Key(label="prediction is exact", swatch="dotted", colour=NEUTRAL),
        ),
    )


def _reading(table: Mapping[str, Any]) -> str:
    check, rank = table["check"], table["check"]["rank_correlation"]
    order = "" if rank is None else f"; rank correlation {rank:.3f}"
    return (
        f"Latency of one batch on {table['settings']}, from {count(table['num_parts'])} measured "
        f"parts of networks: {latency(table['overhead'])} and {table['factor']:.2f} times the sum "
        f"of a network's parts. On {check['num']} networks measured whole the error is "
        f"{percent(check['median'])} in the median and {percent(check['worst'])} at worst{order}."
    )
