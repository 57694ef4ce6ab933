"""Costs of sampled paths, in what the budgets count (ScaleNet, Fig. 3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log10
from typing import Any

from escalade.core.numbers.shown import amount, count, listed
from escalade.report.family_row import FamilyRow
from escalade.report.figures.figure import Figure, Key, Trace, label, layout, line, log_axis
from escalade.report.palette import NEUTRAL, colour, faded

# Ends the name of the sampler whose paths the run trained on.
TRAINED = ", trained on"
_ORDER = ("hierarchical", "uniform")
# The first sampler stands out, the others are the ground it is compared with.
_SHADES = (colour(7), NEUTRAL, colour(3))
Bins = Mapping[str, Sequence[float]]


def path_histogram(
    histograms: Mapping[str, Bins], *, family: Sequence[FamilyRow] = (), budget_kind: str = "macs"
) -> Figure | None:
    """One outline per sampler over its log-spaced bins, and the searched budgets.

    Args:
        histograms: by sampler, `edges` (n + 1) and `counts` (n).
        family: the searched members' budgets are marked.
        budget_kind: what budgets and histograms count.
    """
    samplers = sorted(histograms, key=_rank)
    if not samplers:
        return None
    edges = [edge for name in samplers for edge in histograms[name]["edges"]]
    marked = [m for m in family if m.origin == "searched"]
    shades = dict(zip(samplers, _SHADES * len(samplers), strict=False))
    told = listed([_told(name, histograms[name], budget_kind) for name in samplers])
    return Figure(
        name="paths",
        title=f"{budget_kind.replace('_', ' ').capitalize()} of sampled paths",
        reading=f"{told}.{' Dotted: the searched budgets.' if marked else ''}",
        traces=tuple(
            _outline(name, histograms[name], shades[name], budget_kind) for name in samplers
        ),
        layout=layout(
            x=_axis(budget_kind, min(edges), max(edges)),
            y={"title": {"text": "paths per bin"}, "rangemode": "tozero", "tickformat": "~s"},
            shapes=[_budget(member) for member in marked],
            annotations=[_name(member) for member in marked],
        ),
        keys=tuple(Key(label=name, swatch="area", colour=shades[name]) for name in samplers),
    )


def _rank(name: str) -> tuple[bool, bool, str]:
    """What the run trained on first, then the known samplers in order."""
    return not name.endswith(TRAINED), name not in _ORDER, name


def _axis(kind: str, low: float, high: float) -> dict[str, Any]:
    if kind == "latency":
        return log_axis("predicted latency of one batch (log scale)", low, high, kind=kind)
    return log_axis(f"{kind}{' of one image' * (kind != 'params')} (log scale)", low, high)


def _outline(name: str, histogram: Bins, shade: str, kind: str) -> Trace:
    low = "from %{x:.3s}s" if kind == "latency" else f"from %{{x:.3s}} {kind}"
    return line(
        name,
        histogram["edges"],
        [*histogram["counts"], histogram["counts"][-1]],
        colour=shade,
        width=1.5,
        line={"shape": "hv"},
        fill="tozeroy",
        fillcolor=faded(shade, 0.18),
        hover=f"{label(name)}<br>{low}<br>%{{y:,}} paths",
    )


def _budget(member: FamilyRow) -> dict[str, Any]:
    style = {"color": member.colour, "width": 1.5, "dash": "dot"}
    ends = {"x0": member.budget, "x1": member.budget, "y0": 0, "y1": 1, "yref": "paper"}
    return {"type": "line", "line": style} | ends


def _name(member: FamilyRow) -> dict[str, Any]:
    place = {"x": log10(member.budget), "y": 1, "yref": "paper", "yanchor": "bottom"}
    return place | {"text": label(member.name), "showarrow": False, "font": {"size": 12}}


def _told(name: str, histogram: Bins, kind: str) -> str:
    edges, counts = histogram["edges"], list(histogram["counts"])
    top = counts.index(max(counts))
    peak = f"{amount(edges[top], kind)} to {amount(edges[top + 1], kind)}"
    return f"{name}: {count(sum(counts))} paths, most at {peak} {kind}"
