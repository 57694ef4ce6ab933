"""The pictures: as Figs. 4 to 7, errors of one base's scaled versions, over what a step takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from accuracy_study.setting import ALPHA, MAIN, RULES
from accuracy_study.table import MIB
from escalade.report.figures.figure import Figure, Key, Trace, layout, log_axis
from escalade.report.palette import NEUTRAL, colour
from escalade.report.svg import draw
from runtime_study.setting import BASE

Row = Mapping[str, Any]
_MEAN, _SEED = 9, 4  # sizes of dots
_STEPS = (0.1, 0.2, 0.5, 1.0, 2.0)  # between ticks, in decades of the range
_MOST_TICKS = 6


def pictures(found: Mapping[str, Any], *, factor: float = MAIN) -> dict[str, str]:
    """SVG files by name, one for each base; bases of which nothing is trained have none."""
    made = {}
    for base in dict.fromkeys(row["base"] for row in found["networks"]):
        rows = [r for r in found["networks"] if r["base"] == base and r["factor"] in (1.0, factor)]
        panels = [_panel(rows, title, label, of) for title, label, of in _quantities(rows)]
        title = f"Error of {base} scaled {factor:g} times by several rules"
        made[f"accuracy_{base}.svg"] = draw(panels, title=title)
    return made


def _quantities(rows: Sequence[Row]) -> list[tuple[str, str, Callable[[Row], float]]]:
    """Title, axis and value of each panel; activations stand in for times until all are there."""
    timed = all(row["seconds"] is not None for row in rows)
    first: tuple[str, str, Callable[[Row], float]] = (
        ("Training step", "ms an image", _step_ms)
        if timed
        else ("Activations", "activations", lambda row: float(row["activations"]))
    )
    return [
        first,
        ("Peak memory of a step", "MiB", lambda row: row["step_bytes"] / MIB),
        ("Parameters", "params", lambda row: float(row["params"])),
    ]


def _step_ms(row: Row) -> float:
    return 1000 * float(row["seconds"]["training"]["median"])


def _panel(rows: Sequence[Row], title: str, label: str, of: Callable[[Row], float]) -> Figure:
    """Errors over one quantity: means large, seeds small, the family of alpha joined."""
    names = [name for name in (*RULES, BASE) if any(row["rule"] == name for row in rows)]
    values = [of(row) for row in rows]
    errors = [error for row in rows for error in _errors(row)]
    family = sorted((row for row in rows if row["rule"] in ALPHA), key=lambda row: row["alpha"])
    traces: list[Trace] = []
    if family:
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": [of(row) for row in family],
                "y": [_error(row) for row in family],
                "line": {"color": NEUTRAL, "dash": "dot", "width": 1.5},
            }
        )
    for row in rows:
        seeds = _errors(row)
        traces.append(_dots([of(row)] * len(seeds), seeds, row["rule"], size=_SEED))
        traces.append(_dots([of(row)], [_error(row)], row["rule"], size=_MEAN))
    best = min(rows, key=_error)
    return Figure(
        name=f"accuracy-{title}",
        title=title,
        reading=f"{title}: errors from {min(errors):.2f} % to {max(errors):.2f} %, the least mean "
        f"by {best['rule']}.",
        traces=tuple(traces),
        layout=layout(
            x=_axis(label, min(values), max(values)),
            y=_axis("error, %", min(errors), max(errors)),
        ),
        keys=tuple(Key(label=_label(name), swatch="dot", colour=_colour(name)) for name in names),
    )


def _dots(x: Sequence[float], y: Sequence[float], rule: str, *, size: int) -> Trace:
    marker = {"size": size, "color": _colour(rule)}
    return {"type": "scatter", "mode": "markers", "name": rule, "x": x, "y": y, "marker": marker}


def _colour(rule: str) -> str:
    return NEUTRAL if rule == BASE else colour(RULES.index(rule))


def _label(rule: str) -> str:
    return rule.replace("alpha=", "α = ")


def _error(row: Row) -> float:
    return 100 * (1 - float(row["mean"]))


def _errors(row: Row) -> list[float]:
    return [100 * (1 - accuracy) for accuracy in row["accuracies"].values()]


def _axis(title: str, low: float, high: float) -> dict[str, Any]:
    """A logarithmic axis over less than a decade: as many even ticks as there is room for."""
    decade = 10.0 ** math.floor(math.log10(high - low or high))
    step = next(s * decade for s in _STEPS if (high - low) / (s * decade) <= _MOST_TICKS)
    ticks = [step * i for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
    axis = log_axis(f"{title} (log scale)", low, high)
    return axis | {"tickvals": ticks, "ticktext": [_shown(tick) for tick in ticks]}


def _shown(value: float) -> str:
    return f"{value / 1000:g} k" if value >= 1000 else f"{value:g}"
