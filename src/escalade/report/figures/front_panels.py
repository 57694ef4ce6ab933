"""A Pareto front: each pair of its objectives as a panel (SCARLET, Fig. 6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from escalade.artefacts.fronts import Front, FrontNetwork
from escalade.core.numbers.shown import listed
from escalade.report.family_row import FamilyRow
from escalade.report.figures.figure import Figure, Key, Trace, dots, label, layout, line
from escalade.report.figures.objective import Measure, limit_lines
from escalade.report.palette import NEUTRAL, faded

MAX_DOTS = 4000
Point = tuple[float, float]
Rows = Sequence[Mapping[str, float]]


def front_panels(
    front: Front,
    *,
    evaluations: Rows = (),
    marked: Mapping[int, FamilyRow] | None = None,
    choices: Sequence[str] = (),
) -> tuple[Figure, ...]:
    """A panel for each pair of objectives; a network hovered over in one is marked in all.

    Args:
        front: objectives, constraints and networks.
        evaluations: all networks scored, with `accuracy` (0..1) and costs; more than 4,000 are
            drawn thinned out. Where they lack a cost, those that were on some generation's front
            stand for them.
        marked: members by their place among the front's `networks`.
        choices: each of the front's `networks` in words, a line a stage.
    """
    measures = [Measure.of(name) for name in front.objectives]
    scored = evaluations[:: -(-len(evaluations) // MAX_DOTS)] if evaluations else ()
    told = []
    for i, network in enumerate(front.networks):
        values = [m.shown(m.drawn(v)) for m, v in zip(measures, network.values, strict=True)]
        words = [*values, *(choices[i].splitlines() if choices else ())]
        told.append("<br>".join(map(label, words)))
    # The error is the height, and panels with it come first.
    pairs = [
        (k, i) if measures[i].name == "error" else (i, k)
        for i, k in combinations(range(len(measures)), 2)
    ]
    pairs.sort(key=lambda pair: measures[pair[1]].name != "error")
    panels = [_Panel.of(front, measures[x], measures[y], (x, y), scored) for x, y in pairs]
    return tuple(_figure(panel, front.constraints, marked or {}, told) for panel in panels)


def front_keys(front: Front, *, scored: bool) -> tuple[Key, ...]:
    """The key that all panels share; whether scored networks are the ground."""
    kinds = [
        ("scored network" if scored else "network on an earlier front", "faint"),
        ("network of the final front", "dot"),
        ("best in the panel's two alone", "line"),
        ("chosen member, named", "mark"),
    ]
    kinds += [("constraint", "dash")] if front.constraints else []
    return tuple(Key(label=words, swatch=swatch, colour=NEUTRAL) for words, swatch in kinds)


@dataclass(frozen=True, slots=True)
class _Panel:
    """Networks in the plane of two objectives, as the axes count them.

    `points` are the front, its first `num_front`, and members that are on none; `cloud` are other
    networks.
    """

    x: Measure
    y: Measure
    points: Sequence[Point]
    num_front: int
    cloud: Sequence[Point]

    @classmethod
    def of(cls, front: Front, x: Measure, y: Measure, at: tuple[int, int], scored: Rows) -> _Panel:
        """The panel of the objectives at two places; its ground are networks scored, or seen."""

        def points(networks: Iterable[FrontNetwork]) -> list[Point]:
            return [(x.drawn(n.values[at[0]]), y.drawn(n.values[at[1]])) for n in networks]

        known = [{"error": 1 - row["accuracy"]} | dict(row) for row in scored]
        cloud = [
            (x.drawn(v[x.name]), y.drawn(v[y.name])) for v in known if x.name in v and y.name in v
        ]
        return cls(x, y, points(front.networks), front.num_front, cloud or points(front.seen))

    @property
    def stairs(self) -> list[Point]:
        """The front's networks that no other beats in these two alone, from the left."""
        front = self.points[: self.num_front]
        return sorted({p for p in front if not any(self._beats(other, p) for other in front)})

    def _beats(self, one: Point, other: Point) -> bool:
        pairs = list(zip((self.x, self.y), one, other, strict=True))
        worse = any(measure.better(b, a) for measure, a, b in pairs)
        return not worse and any(measure.better(a, b) for measure, a, b in pairs)

    def said(self, point: Point) -> str:
        return f"{self.y.shown(point[1])} and {self.x.shown(point[0])}"


def _figure(
    panel: _Panel, constraints: Sequence[str], marked: Mapping[int, FamilyRow], told: Sequence[str]
) -> Figure:
    x, y, points = panel.x, panel.y, panel.points
    unmarked = [i for i in range(panel.num_front) if i not in marked]
    stairs = {"shape": "vh" if x.maximised else "hv"}
    chosen = [f"{member.name} at {panel.said(points[i])}" for i, member in marked.items()]
    return Figure(
        name=f"front-{y.name}-{x.name}",
        title=f"{y.name.capitalize()} against {x.name}",
        reading=f"From {panel.said(panel.stairs[0])} to {panel.said(panel.stairs[-1])}."
        + (f" Chosen: {listed(chosen)}." if chosen else ""),
        traces=(
            dots("scored", *_columns(panel.cloud), colour=faded(NEUTRAL, 0.3), size=4),
            line("best", *_columns(panel.stairs), colour=NEUTRAL, width=1.5, line=stairs),
            dots(
                "front",
                *_columns([points[i] for i in unmarked]),
                colour=NEUTRAL,
                size=7,
                hover=[f"on the final front<br>{told[i]}" for i in unmarked],
                customdata=unmarked,
            ),
            *(_mark(panel, i, member, told[i]) for i, member in marked.items()),
        ),
        layout=layout(
            x=x.axis(*(_columns(each)[0] for each in (points, panel.cloud))),
            y=y.axis(*(_columns(each)[1] for each in (points, panel.cloud))),
            shapes=[_ring(points[0]), *limit_lines(constraints, x, y)],
            meta={"linked": [list(point) for point in points]},
        ),
    )


def _columns(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return [point[0] for point in points], [point[1] for point in points]


def _mark(panel: _Panel, i: int, member: FamilyRow, told: str) -> Trace:
    """A chosen member; its name stands on the side where no network is."""
    across = "right" if panel.x.maximised else "left"
    up = "top" if panel.y.maximised else "bottom"
    why = "chosen" if i < panel.num_front else "taken for its budget, not on the front"
    return dots(
        member.name,
        *_columns([panel.points[i]]),
        colour=member.colour,
        size=13,
        hover=[f"{label(member.name)}, {why}<br>{told}"],
        marker={"symbol": member.symbol},
        mode="markers+text",
        customdata=[i],
        text=[label(member.name)],
        textposition=f"{up} {across}",
        textfont={"size": 13},
        cliponaxis=False,
    )


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
