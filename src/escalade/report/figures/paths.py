"""Costs of sampled paths, in what the budgets count (ScaleNet, Fig. 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log10
from typing import Any

from escalade.report.figures.figure import Figure, Key, Trace, label, layout, log_axis
from escalade.report.member import Member
from escalade.report.number import budget, count, latency, listed
from escalade.report.palette import NEUTRAL, colour, faded

_ORDER = ("hierarchical", "uniform")


def path_histogram(
    histograms: Mapping[str, Mapping[str, Sequence[float]]],
    *,
    members: Sequence[Member] = (),
    budget_kind: str = "macs",
) -> Figure | None:
    """One outline per sampler over its log-spaced bins, and the searched budgets.

    Args:
        histograms: by sampler, `edges` (n + 1) and `counts` (n).
        members: the searched ones' budgets are marked.
        budget_kind: what budgets and histograms count.
    """
    samplers = sorted(histograms, key=lambda name: (name not in _ORDER, name))
    if not samplers:
        return None
    edges = [edge for name in samplers for edge in histograms[name]["edges"]]
    marked = [m for m in members if m.origin == "searched"]
    low, high = min(edges), max(edges)
    return Figure(
        name="paths",
        title=f"{budget_kind.capitalize()} of sampled paths",
        reading=_reading(histograms, samplers, bool(marked), budget_kind),
        traces=tuple(
            _outline(name, histograms[name], i, budget_kind) for i, name in enumerate(samplers)
        ),
        layout=layout(
            x=_axis(budget_kind, low, high),
            y={"title": {"text": "paths per bin"}, "rangemode": "tozero", "tickformat": "~s"},
            shapes=[_budget(member) for member in marked],
            annotations=[_name(member) for member in marked],
        ),
        keys=tuple(
            Key(label=name, swatch="area", colour=_shade(i)) for i, name in enumerate(samplers)
        ),
    )


def _shade(index: int) -> str:
    """The first sampler stands out, the others are the ground it is compared with."""
    return (colour(7), NEUTRAL, colour(3))[index % 3]


def _axis(kind: str, low: float, high: float) -> dict[str, Any]:
    if kind == "latency":
        return log_axis("predicted latency of one batch (log scale)", low, high, shown=latency)
    return log_axis(f"{kind}{' of one image' * (kind != 'params')} (log scale)", low, high)


def _outline(name: str, histogram: Mapping[str, Sequence[float]], index: int, kind: str) -> Trace:
    counts = list(histogram["counts"])
    low = "from %{x:.3s}s" if kind == "latency" else f"from %{{x:.3s}} {kind}"
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label(name),
        "x": list(histogram["edges"]),
        "y": [*counts, counts[-1]],
        "line": {"shape": "hv", "width": 1.5, "color": _shade(index)},
        "fill": "tozeroy",
        "fillcolor": faded(_shade(index), 0.18),
        "hovertemplate": f"{label(name)}<br>{low}<br>%{{y:,}} paths<extra></extra>",
    }


def _budget(member: Member) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": member.budget,
        "x1": member.budget,
        "y0": 0,
        "y1": 1,
        "yref": "paper",
        "line": {"color": member.colour, "width": 1.5, "dash": "dot"},
    }


def _name(member: Member) -> dict[str, Any]:
    return {
        "x": log10(member.budget),
        "y": 1,
        "yref": "paper",
        "yanchor": "bottom",
        "text": label(member.name),
        "showarrow": False,
        "font": {"size": 12},
    }


def _reading(
    histograms: Mapping[str, Mapping[str, Sequence[float]]],
    samplers: Sequence[str],
    marked: bool,
    kind: str,
) -> str:
    told = []
    for name in samplers:
        edges, counts = histograms[name]["edges"], list(histograms[name]["counts"])
        top = counts.index(max(counts))
        peak = f"{budget(edges[top], kind)} to {budget(edges[top + 1], kind)}"
        told.append(f"{name}: {count(sum(counts))} paths, its fullest bin {peak} {kind}")
    lines = " Dotted lines are the searched members' budgets." if marked else ""
    bins = len(histograms[samplers[0]]["counts"])
    return f"Paths drawn by each sampler in {bins} log-spaced bins. {listed(told)}.{lines}"
