"""A multi-objective search generation by generation (SCARLET, Fig. 6, bottom)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from escalade.artefacts.fronts import FrontGeneration
from escalade.core.numbers.shown import count, listed, percent
from escalade.report.figures.figure import Figure, Key, Trace, label, layout, line
from escalade.report.palette import NEUTRAL, colour

# Told apart without their colours.
_DASHES = (("dash", "dash"), ("dot", "dotted"), ("dashdot", "dashdot"))
# With more, plotly's own ticks are whole.
_EACH = 12
Generations = Sequence[FrontGeneration]


def generation_curves(generations: Generations) -> list[Figure]:
    """The front's hypervolume, identities where the space has them, and networks, if any were."""
    if not generations:
        return []
    volumes = [row.hypervolume for row in generations]
    made = [
        _shares("hypervolume", "Hypervolume of the front", "the box", generations, volumes, 0),
    ]
    ratios = [row.identity_ratio for row in generations if row.identity_ratio is not None]
    if len(ratios) == len(generations):
        title = "Identities among the survivors"
        made.append(_shares("identity-ratio", title, "layers", generations, ratios, 2))
    return [*made, _counts(generations)]


def _shares(
    name: str, title: str, of: str, rows: Generations, values: Sequence[float], shade: int
) -> Figure:
    told = [percent(values[i]) for i in (0, -1)]
    y = {"title": {"text": f"share of {of}"}, "tickformat": "~%"}
    return Figure(
        name=name,
        title=title,
        reading=f"Share of {of}: {told[0]} in the first generation, {told[1]} in the last.",
        traces=(_curve(title, rows, values, colour(shade)),),
        layout=layout(x=_axis(rows), y=y),
    )


def _counts(generations: Generations) -> Figure:
    """Networks scored in each generation, and those that each constraint rejected."""
    totals = [0, *(row.evaluated for row in generations)]
    scored = [after - before for before, after in pairwise(totals)]
    lines = [_curve("scored", generations, scored, NEUTRAL)]
    keys = [Key(label="scored", swatch="line", colour=NEUTRAL)]
    told = []
    for i, constraint in enumerate(generations[-1].rejected):
        values = [row.rejected[constraint] for row in generations]
        name, (dash, swatch) = f"rejected by {constraint}", _DASHES[i % len(_DASHES)]
        lines.append(_curve(name, generations, values, colour(1 + i), dash=dash))
        keys.append(Key(label=name, swatch=swatch, colour=colour(1 + i)))
        told.append(f"{count(sum(values))} by {constraint}")
    rejected = f" Rejected by the first constraint they broke: {listed(told)}." if told else ""
    return Figure(
        name="generation-counts",
        title="Networks per generation",
        reading=f"{count(totals[-1])} networks were scored in {len(generations) + 1} generations; "
        f"the first two, both random, are drawn as one.{rejected}",
        traces=tuple(lines),
        layout=layout(
            x=_axis(generations), y={"title": {"text": "networks"}, "rangemode": "tozero"}
        ),
        keys=tuple(keys),
    )


def _axis(rows: Generations) -> dict[str, Any]:
    axis: dict[str, Any] = {"title": {"text": "generation"}, "tickformat": "d"}
    return axis | ({"dtick": 1} if len(rows) <= _EACH else {})


def _curve(
    name: str, rows: Generations, values: Sequence[float], shade: str, *, dash: str = "solid"
) -> Trace:
    shown = [f"{value:,}" if isinstance(value, int) else percent(value) for value in values]
    return line(
        name,
        [row.generation for row in rows],
        values,
        colour=shade,
        dash=dash,
        hover=[
            f"generation {row.generation}<br>{label(name)}: {value}<br>"
            f"{count(len(row.front))} networks on the front, {count(row.evaluated)} scored so far"
            for row, value in zip(rows, shown, strict=True)
        ],
        mode="lines+markers",
        marker={"size": 4, "color": shade},
    )
