"""Errors of the networks a design space gave (Designing Network Design Spaces, section 3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from escalade.report.figures.figure import Figure, Key, Trace, layout
from escalade.report.number import count, percent
from escalade.report.palette import NEUTRAL, colour


def error_distribution(search: Mapping[str, Any]) -> Figure | None:
    """The empirical distribution of errors, and where the best network stands.

    Args:
        search: the content of search.json; without `distribution` there is nothing to draw.
    """
    found = search.get("distribution")
    if not found or not found["errors"]:
        return None
    errors, shares = found["errors"], found["shares"]
    return Figure(
        name="distribution",
        title="Errors of the trained networks",
        reading=_reading(search),
        traces=(_steps(errors, shares), _best(errors[0], shares[0])),
        layout=layout(
            x={"title": {"text": "error on the search images (%)"}},
            y={"title": {"text": "share of networks"}, "range": [0, 1.03], "tickformat": ".0%"},
        ),
        keys=(
            Key(label="share of networks with this error or less", swatch="line", colour=NEUTRAL),
            Key(label="S0, the best", swatch="dot", colour=colour(0)),
        ),
    )


def _steps(errors: list[float], shares: list[float]) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "distribution",
        "x": [100 * errors[0], *(100 * error for error in errors)],
        "y": [0.0, *shares],
        "line": {"shape": "hv", "width": 2, "color": NEUTRAL},
        "hovertemplate": "%{y:.0%} of the networks<br>error at most %{x:.2f} %<extra></extra>",
    }


def _best(error: float, share: float) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "S0",
        "x": [100 * error],
        "y": [share],
        "marker": {"size": 11, "color": colour(0)},
        "hovertext": [f"S0, the best<br>error {percent(error, digits=2)}"],
        "hoverinfo": "text",
        "cliponaxis": False,
    }


def _reading(search: Mapping[str, Any]) -> str:
    errors, shares = search["distribution"]["errors"], search["distribution"]["shares"]
    median = next(e for e, share in zip(errors, shares, strict=True) if share >= 0.5)
    tied = int(search.get("num_tied", 1)) - 1
    told = "All others are clearly worse than the best"
    if tied:
        told = f"{count(tied)} other{'s' if tied > 1 else ''} cannot be told from the best"
    return (
        f"{count(len(search['models']))} random networks of the space {search['space']} at the "
        f"first budget, each trained alone with one short recipe: best error "
        f"{percent(errors[0])}, median {percent(median)}, worst {percent(errors[-1])}. {told}."
    )
