"""A Pareto front: each pair of its objectives as a panel (SCARLET, Fig. 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from escalade.report.figures.figure import Figure, Key, Trace, label, layout
from escalade.report.figures.limits import Limit, limit_lines, limit_names, outside
from escalade.report.figures.measure import Measure
from escalade.report.figures.panel import Panel, Point
from escalade.report.member import Member
from escalade.report.number import count, listed
from escalade.report.palette import NEUTRAL, faded

MAX_DOTS = 4000
Front = Mapping[str, Any]


def front_panels(
    front: Front,
    *,
    evaluations: Sequence[Mapping[str, Any]] = (),
    marked: Mapping[int, Member] | None = None,
    choices: Sequence[str] = (),
) -> tuple[Figure, ...]:
    """A panel for each pair of objectives; a network hovered over in one is marked in all.

    Args:
        front: `front` of search.json.
        evaluations: all networks scored, with `accuracy` (0..1) and costs; more than 4,000 are
            drawn thinned out. Where they lack a cost, those that were on some generation's front
            stand for them.
        marked: members by their place among the front's `networks`.
        choices: each of the front's `networks` in words, a line a stage.
    """
    names = [Measure.of(name).name for name in front["objectives"]]
    pairs = combinations(range(len(names)), 2)
    limits = [Limit.of(text) for text in front["constraints"]]
    told = [_told(front, i, choices) for i in range(len(front["networks"]))]
    scored = evaluations[:: -(-len(evaluations) // MAX_DOTS)] if evaluations else ()
    return tuple(
        _figure(Panel.of(front, pair, scored=scored, limits=limits), limits, marked or {}, told)
        for pair in sorted(pairs, key=lambda pair: "error" not in {names[i] for i in pair})
    )


def front_keys(front: Front, *, evaluations: Sequence[Mapping[str, Any]] = ()) -> tuple[Key, ...]:
    """The key that all panels share."""
    words = "scored network" if evaluations else "network on an earlier front"
    keys = [
        Key(label=words, swatch="faint", colour=NEUTRAL),
        Key(label="network of the final front", swatch="dot", colour=NEUTRAL),
        Key(label="best in the panel's two alone", swatch="line", colour=NEUTRAL),
        Key(label="chosen member, named", swatch="mark", colour=NEUTRAL),
    ]
    if front["constraints"]:
        keys.append(Key(label="constraint", swatch="dash", colour=NEUTRAL))
    return tuple(keys)


def _figure(
    panel: Panel, limits: Sequence[Limit], marked: Mapping[int, Member], told: Sequence[str]
) -> Figure:
    return Figure(
        name=panel.name,
        title=f"{panel.y.measure.name.capitalize()} against {panel.x.measure.name}",
        reading=_reading(panel, limits, marked),
        traces=(
            _cloud(panel),
            _stairs(panel),
            _dots(panel, told, marked),
            *(_mark(panel, i, member, told[i]) for i, member in marked.items()),
        ),
        layout=layout(
            x=panel.x.to_plotly(),
            y=panel.y.to_plotly(),
            shapes=[_ring(panel.points[0]), *limit_lines(limits, panel.x, panel.y)],
            annotations=limit_names(limits, panel.x, panel.y),
            meta={"linked": [list(point) for point in panel.points]},
        ),
    )


def _told(front: Front, i: int, choices: Sequence[str]) -> str:
    """A network's objectives and choices, as plotly's text."""
    values = zip(front["objectives"], front["networks"][i]["values"], strict=True)
    words = [Measure.of(name).shown(value) for name, value in values]
    return "<br>".join(map(label, [*words, *(choices[i].splitlines() if choices else ())]))


def _cloud(panel: Panel) -> Trace:
    """The ground; without hover, which would hide the front's."""
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "scored",
        "x": [point[0] for point in panel.cloud],
        "y": [point[1] for point in panel.cloud],
        "marker": {"size": 4, "color": faded(NEUTRAL, 0.3)},
        "hoverinfo": "skip",
    }


def _stairs(panel: Panel) -> Trace:
    """The border of what the front beats in these two objectives alone."""
    corners = panel.stairs
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "best",
        "x": [point[0] for point in corners],
        "y": [point[1] for point in corners],
        "line": {
            "shape": "vh" if panel.x.measure.maximised else "hv",
            "width": 1.5,
            "color": NEUTRAL,
        },
        "hoverinfo": "skip",
    }


def _dots(panel: Panel, told: Sequence[str], marked: Mapping[int, Member]) -> Trace:
    rows = [i for i in range(panel.num_front) if i not in marked]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "front",
        "x": [panel.points[i][0] for i in rows],
        "y": [panel.points[i][1] for i in rows],
        "customdata": rows,
        "marker": {"size": 7, "color": NEUTRAL},
        "hovertext": [f"on the final front<br>{told[i]}" for i in rows],
        "hoverinfo": "text",
    }


def _mark(panel: Panel, i: int, member: Member, told: str) -> Trace:
    """A chosen member; its name stands on the side where no network is."""
    across = "right" if panel.x.measure.maximised else "left"
    up = "top" if panel.y.measure.maximised else "bottom"
    why = "chosen" if i < panel.num_front else "taken for its budget, not on the front"
    return {
        "type": "scatter",
        "mode": "markers+text",
        "name": label(member.name),
        "x": [panel.points[i][0]],
        "y": [panel.points[i][1]],
        "customdata": [i],
        "text": [label(member.name)],
        "textposition": f"{up} {across}",
        "textfont": {"size": 13},
        "hovertext": [f"{label(member.name)}, {why}<br>{told}"],
        "hoverinfo": "text",
        "cliponaxis": False,
        "marker": {"size": 13, "color": member.colour, "symbol": member.symbol},
    }


def _ring(point: Point) -> dict[str, Any]:
    """Around the network that is hovered over in another panel; the page's script moves it.

    An octagon: plotly halves a circle that is measured in pixels on a logarithmic axis.
    """
    return {
        "type": "path",
        "path": "M-10,-4L-4,-10L4,-10L10,-4L10,4L4,10L-4,10L-10,4Z",
        "visible": False,
        "xsizemode": "pixel",
        "ysizemode": "pixel",
        "xanchor": point[0],
        "yanchor": point[1],
        "line": {"color": NEUTRAL, "width": 3},
    }


def _reading(panel: Panel, limits: Sequence[Limit], marked: Mapping[int, Member]) -> str:
    axes = ((1, panel.y), (0, panel.x))
    front = panel.points[: panel.num_front]
    spans = [axis.span([point[i] for point in front]) for i, axis in axes]
    told = f"The front spans {listed(spans)}."
    if marked:
        places = [
            f"{member.name} at {listed([axis.shown(panel.points[k][i]) for i, axis in axes])}"
            for k, member in marked.items()
        ]
        told += f" Chosen: {'; '.join(places)}."
    if panel.num_outside:
        told += f" {count(panel.num_outside)} of the scored networks lie outside the picture."
    if far := outside(limits, panel.x, panel.y):
        told += f" The line of {listed(far)} would lie outside the picture."
    return told
