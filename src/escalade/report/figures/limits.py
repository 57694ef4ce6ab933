"""Hard constraints of a search as lines in a figure of its objectives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from escalade.report.figures.figure import label
from escalade.report.figures.measure import Axis, Measure
from escalade.report.palette import NEUTRAL
from escalade.search.front.constraints import Constraint


@dataclass(frozen=True, slots=True)
class Limit:
    """A constraint's measure, its limit as an axis counts it, and its words.

    `upper` says that it is what values may not rise to.
    """

    name: str
    drawn: float
    upper: bool
    text: str

    @classmethod
    def of(cls, text: str) -> Limit:
        """From a constraint as users write it; one on the accuracy is one on the error."""
        found = Constraint.parse(text)
        share = found.measure == "accuracy"
        measure = Measure("error" if share else found.measure)
        limit = 1 - found.limit if share else found.limit
        return cls(measure.name, measure.drawn(limit), (found.sign == "<") != share, text)


def limit_lines(limits: Sequence[Limit], x: Axis, y: Axis) -> list[dict[str, Any]]:
    """A dashed line across the figure for each constraint within it."""
    line = {"color": NEUTRAL, "width": 1.5, "dash": "dash"}
    return [
        {
            "type": "line",
            f"{along}0": limit.drawn,
            f"{along}1": limit.drawn,
            f"{other}0": 0,
            f"{other}1": 1,
            f"{other}ref": "paper",
            "line": line,
        }
        for limit, _, along, other in _within(limits, x, y)
    ]


def limit_names(limits: Sequence[Limit], x: Axis, y: Axis) -> list[dict[str, Any]]:
    """The constraints' words at their lines, on the side where no network may be."""
    names = []
    for limit, axis, along, _ in _within(limits, x, y):
        at = axis.position(limit.drawn)
        if along == "x":
            side = {"xanchor": "left" if limit.upper else "right", "yanchor": "top"}
            place = {"x": at, "y": 1, "yref": "paper", "textangle": -90}
        else:
            side = {"xanchor": "left", "yanchor": "bottom" if limit.upper else "top"}
            place = {"x": 0, "xref": "paper", "y": at}
        names.append({**place, **side, "text": label(limit.text), "showarrow": False})
    return names


def outside(limits: Sequence[Limit], x: Axis, y: Axis) -> list[str]:
    """Words of the constraints on these two measures whose lines are not in the picture."""
    return [
        limit.text
        for limit in limits
        for axis in (x, y)
        if axis.measure.name == limit.name and not axis.covers(limit.drawn)
    ]


def _within(limits: Sequence[Limit], x: Axis, y: Axis) -> Iterator[tuple[Limit, Axis, str, str]]:
    for limit in limits:
        for axis, along, other in ((x, "x", "y"), (y, "y", "x")):
            if axis.measure.name == limit.name and axis.covers(limit.drawn):
                yield limit, axis, along, other
