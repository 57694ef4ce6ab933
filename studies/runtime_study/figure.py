"""The pictures: Fig. 2's panels of the first base by rule, and its fourth of all bases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from common.pictures import Figure, Series, colour, draw, log, panel
from common.times import BASE, QUANTITIES
from runtime_study.results import COSTS
from runtime_study.table import WHAT

Row = Mapping[str, Any]


def pictures(found: Row, name: str) -> dict[str, str]:
    """SVG files by name; none without networks."""
    rows = found["networks"]
    if not rows:
        return {}
    base = rows[0]["base"]
    first = [row for row in rows if row["base"] == base]
    by_rule = [_panel(first, cost, "training", by="rule", title=cost) for cost in COSTS]
    by_base = [_panel(rows, "activations", q, by="base", title=WHAT[q]) for q in QUANTITIES]
    return {
        f"{name}.svg": draw(by_rule, title=f"Training time of {base}, scaled by several rules"),
        f"{name}_bases.svg": draw(by_base, title="Runtime against activations of several bases"),
    }


def _panel(rows: Sequence[Row], cost: str, quantity: str, *, by: str, title: str) -> Figure:
    """Milliseconds an image over a cost, coloured by rule or base."""
    points: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        ms = 1000 * row["seconds"][quantity]["median"]
        points.setdefault(row[by], []).append((row[cost], ms))
    names = sorted(points, key=lambda name: name == BASE)
    series = []
    for index, name in enumerate(names):
        x, y = zip(*points[name], strict=True)
        series.append(Series(x=x, y=y, colour=colour(index), label=name, dots=7))
    costs, times = ([v for each in series for v in getattr(each, axis)] for axis in "xy")
    return panel(
        title.capitalize(),
        series,
        x=log(cost, costs),
        y=log("ms an image", times),
        reading=f"{WHAT[quantity].capitalize()}: {min(times):.3g} to {max(times):.3g} ms an image "
        f"over {min(costs):.3g} to {max(costs):.3g} {cost}, {len(rows)} networks.",
    )
