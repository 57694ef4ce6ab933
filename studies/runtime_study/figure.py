"""The pictures: Fig. 2's panels of the first base by rule, and its fourth of all bases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from escalade.report.figures.figure import Figure, Key, layout, log_axis
from escalade.report.palette import colour
from escalade.report.svg import draw
from runtime_study.results import COSTS
from runtime_study.setting import BASE
from runtime_study.table import WHAT

Row = Mapping[str, Any]
_SIZE = 7


def pictures(found: Mapping[str, Any]) -> dict[str, str]:
    """SVG files by name; none without networks."""
    rows = found["networks"]
    if not rows:
        return {}
    first = [row for row in rows if row["base"] == rows[0]["base"]]
    by_rule = [_panel(first, cost, "training", by="rule", title=cost) for cost in COSTS]
    by_base = [
        _panel(rows, "activations", quantity, by="base", title=WHAT[quantity])
        for quantity in ("training", "inference", "latency")
    ]
    return {
        "runtime.svg": draw(
            by_rule, title=f"Training time of {rows[0]['base']}, scaled by several rules"
        ),
        "runtime_bases.svg": draw(by_base, title="Runtime against activations of several bases"),
    }


def _panel(rows: Sequence[Row], cost: str, quantity: str, *, by: str, title: str) -> Figure:
    """Milliseconds an image over a cost, coloured by rule or base."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[by], []).append(row)
    names = sorted(groups, key=lambda name: name == BASE)
    ms = [1000 * row["seconds"][quantity]["median"] for row in rows]
    costs = [row[cost] for row in rows]
    return Figure(
        name=f"runtime-{cost}-{quantity}",
        title=title.capitalize(),
        reading=f"{WHAT[quantity].capitalize()}: {min(ms):.3g} to {max(ms):.3g} ms an image over "
        f"{min(costs):.3g} to {max(costs):.3g} {cost}, {len(rows)} networks.",
        traces=tuple(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": [row[cost] for row in groups[name]],
                "y": [1000 * row["seconds"][quantity]["median"] for row in groups[name]],
                "marker": {"size": _SIZE, "color": colour(index)},
            }
            for index, name in enumerate(names)
        ),
        layout=layout(
            x=log_axis(f"{cost} (log scale)", min(costs), max(costs)),
            y=log_axis("ms an image (log scale)", min(ms), max(ms)),
        ),
        keys=tuple(
            Key(label=name, swatch="dot", colour=colour(index)) for index, name in enumerate(names)
        ),
    )
