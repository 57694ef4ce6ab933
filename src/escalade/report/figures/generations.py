"""A multi-objective search generation by generation (SCARLET, Fig. 6, bottom)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from escalade.report.figures.figure import Figure, Key, Trace, label, layout
from escalade.report.number import SPACE, count, listed, percent
from escalade.report.palette import NEUTRAL, colour

# With more, plotly's own ticks are whole.
_EACH = 12
# Told apart without their colours.
_DASHES = (("dash", "dash"), ("dot", "dotted"), ("dashdot", "dashdot"))
Generations = Sequence[Mapping[str, Any]]


def hypervolume_curve(generations: Generations) -> Figure | None:
    """The share of the objectives' box that each generation's front dominates.

    Args:
        generations: `front.generations` of search.json.
    """
    if not generations:
        return None
    values = [float(row["hypervolume"]) for row in generations]
    sizes = [f"{count(len(row['front']))} networks on the front" for row in generations]
    best = max(values)
    late = next(row["generation"] for row in generations if row["hypervolume"] >= 0.99 * best)
    return Figure(
        name="hypervolume",
        title="Hypervolume of the front",
        reading=(
            f"Share of the box between the best and the worst values of the objectives that the "
            f"front dominates: {percent(values[0])} in the first generation, "
            f"{percent(values[-1])} in the last; within 1{SPACE}% of its best, {percent(best)}, "
            f"from generation {late}."
        ),
        traces=(_line("hypervolume", generations, values, colour(0), told=sizes),),
        layout=layout(
            x=_axis(generations), y={"title": {"text": "share of the box"}, "tickformat": "~%"}
        ),
    )


def identity_curve(generations: Generations) -> Figure | None:
    """The share of the survivors' layers that are identities; None in a space without them."""
    rows = [row for row in generations if row["identity_ratio"] is not None]
    if not rows:
        return None
    values = [float(row["identity_ratio"]) for row in rows]
    return Figure(
        name="identity-ratio",
        title="Identities among the survivors",
        reading=(
            f"Share of the survivors' layers that are identities: {percent(values[0])} in the "
            f"first generation, {percent(values[-1])} in the last."
        ),
        traces=(_line("identities", rows, values, colour(2)),),
        layout=layout(
            x=_axis(generations),
            y={"title": {"text": "share of layers"}, "tickformat": "~%", "rangemode": "tozero"},
        ),
    )


def counts_curve(generations: Generations) -> Figure | None:
    """Networks scored in each generation, and those that each constraint rejected."""
    if not generations:
        return None
    totals = [0, *(int(row["evaluated"]) for row in generations)]
    scored = [after - before for before, after in pairwise(totals)]
    names = list(generations[-1]["rejected"])
    rejected = {name: [int(row["rejected"][name]) for row in generations] for name in names}
    lines = [_line("scored", generations, scored, NEUTRAL)]
    keys = [Key(label="scored", swatch="line", colour=NEUTRAL)]
    for i, (name, values) in enumerate(rejected.items()):
        dash, swatch = _DASHES[i % len(_DASHES)]
        lines.append(_line(f"rejected by {name}", generations, values, colour(1 + i), dash=dash))
        keys.append(Key(label=f"rejected by {name}", swatch=swatch, colour=colour(1 + i)))
    told = ""
    if rejected:
        shown = listed([f"{count(sum(v))} by {name}" for name, v in rejected.items()])
        told = (
            f" Rejected by the first constraint that they broke: {shown}. Limits on costs reject "
            "a network before it is scored."
        )
    return Figure(
        name="generation-counts",
        title="Networks per generation",
        reading=(
            f"{count(totals[-1])} networks were scored in {len(generations) + 1} generations. The "
            f"first two, both random, are drawn as one.{told}"
        ),
        traces=tuple(lines),
        layout=layout(
            x=_axis(generations), y={"title": {"text": "networks"}, "rangemode": "tozero"}
        ),
        keys=tuple(keys),
    )


def _axis(generations: Generations) -> dict[str, Any]:
    axis: dict[str, Any] = {"title": {"text": "generation"}, "tickformat": "d"}
    return axis | ({"dtick": 1} if len(generations) <= _EACH else {})


def _line(
    name: str,
    rows: Generations,
    values: Sequence[float],
    shade: str,
    *,
    dash: str = "solid",
    told: Sequence[str] = (),
) -> Trace:
    shown = [f"{value:,}" if isinstance(value, int) else percent(value) for value in values]
    more = told or [f"{count(row['evaluated'])} scored so far" for row in rows]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": label(name),
        "x": [row["generation"] for row in rows],
        "y": list(values),
        "line": {"width": 2, "color": shade, "dash": dash},
        "marker": {"size": 4, "color": shade},
        "hovertext": [
            f"generation {row['generation']}<br>{label(name)} {value}<br>{words}"
            for row, value, words in zip(rows, shown, more, strict=True)
        ],
        "hoverinfo": "text",
    }
