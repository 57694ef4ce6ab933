"""The pictures: as Figs. 4 to 7, errors of one base's scaled versions, over what a step takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from accuracy_study.setting import ALPHA, MAIN, RULES
from accuracy_study.table import MIB
from common.pictures import NEUTRAL, Figure, Series, colour, draw, log_even, panel
from common.times import BASE

Row = Mapping[str, Any]
_MEAN, _SEED = 9, 4  # sizes of dots


def pictures(found: Row, name: str) -> dict[str, str]:
    """SVG files by name, one for each base; bases of which nothing is trained have none."""
    made = {}
    for base in dict.fromkeys(row["base"] for row in found["networks"]):
        rows = [r for r in found["networks"] if r["base"] == base and r["factor"] in (1.0, MAIN)]
        panels = [_panel(rows, title, label, of) for title, label, of in _quantities(rows)]
        title = f"Error of {base} scaled {MAIN:g} times by several rules"
        made[f"{name}_{base}.svg"] = draw(panels, title=title)
    return made


def _quantities(rows: Sequence[Row]) -> list[tuple[str, str, Callable[[Row], float]]]:
    """Title, axis and value of each panel; activations stand in for times until all are there."""
    first: tuple[str, str, Callable[[Row], float]] = (
        ("Training step", "ms an image", lambda row: 1000 * row["seconds"]["training"]["median"])
        if all(row["seconds"] is not None for row in rows)
        else ("Activations", "activations", lambda row: float(row["activations"]))
    )
    return [
        first,
        ("Peak memory of a step", "MiB", lambda row: row["step_bytes"] / MIB),
        ("Parameters", "params", lambda row: float(row["params"])),
    ]


def _panel(rows: Sequence[Row], title: str, label: str, of: Callable[[Row], float]) -> Figure:
    """Errors over one quantity: means large, seeds small, the family of alpha joined."""
    series = []
    family = sorted((row for row in rows if row["rule"] in ALPHA), key=lambda row: row["alpha"])
    if family:
        x, y = [of(row) for row in family], [_error(row) for row in family]
        series.append(Series(x=x, y=y, colour=NEUTRAL, dash="dot", width=1.5))
    for row in rows:
        rule, seeds = row["rule"], _errors(row)
        shown = NEUTRAL if rule == BASE else colour(RULES.index(rule))
        said = rule.replace("alpha=", "α = ")
        series.append(Series(x=[of(row)] * len(seeds), y=seeds, colour=shown, dots=_SEED))
        series.append(Series(x=[of(row)], y=[_error(row)], colour=shown, dots=_MEAN, label=said))
    errors = [error for row in rows for error in _errors(row)]
    best = min(rows, key=_error)
    return panel(
        title,
        series,
        x=log_even(label, [of(row) for row in rows]),
        y=log_even("error, %", errors),
        reading=f"{title}: errors from {min(errors):.2f} % to {max(errors):.2f} %, the least mean "
        f"by {best['rule']}.",
    )


def _error(row: Row) -> float:
    return 100 * (1 - float(row["mean"]))


def _errors(row: Row) -> list[float]:
    return [100 * (1 - accuracy) for accuracy in row["accuracies"].values()]
