"""Convergence of the search: mean, spread and best of every iteration (ScaleNet, Fig. 6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from escalade.report.figures.figure import Figure, Key, Trace, layout
from escalade.report.number import count, percent
from escalade.report.palette import NEUTRAL, colour, faded

_X = {"title": {"text": "iteration of the search, in order"}, "tickformat": "d"}
_PHASES = {
    "initial": "first ranking of the strategies",
    "base": "base network",
    "strategy": "strategies",
    "coarse": "coarse grid",
    "fine": "variations of its best",
    "front": "Pareto front",
}


def convergence(iterations: Sequence[Mapping[str, Any]]) -> Figure | None:
    """Mean with a band of one standard deviation, and the best score, phase by phase.

    Args:
        iterations: as in search.json: `phase`, `stage`, `generation`, `mean`, `std`, `best`, `num`.
    """
    if not iterations:
        return None
    traces: list[Trace] = []
    for numbers, rows in _phases(iterations):
        traces += [_band(numbers, rows), _mean(numbers, rows), _best(numbers, rows)]
    return Figure(
        name="convergence",
        title="Accuracy of the candidates",
        reading=_reading(iterations),
        traces=tuple(traces),
        layout=layout(x=_X, y={"title": {"text": "search accuracy (%)"}}),
        keys=(
            Key(label="mean ± 1 standard deviation", swatch="line", colour=NEUTRAL),
            Key(label="best", swatch="dot", colour=NEUTRAL),
            *_phase_keys(iterations),
        ),
    )


def deviation(iterations: Sequence[Mapping[str, Any]]) -> Figure | None:
    """The standard deviation of each iteration alone, as the paper draws it."""
    if not iterations:
        return None
    return Figure(
        name="deviation",
        title="Spread of the candidates",
        reading=_spread_reading(iterations),
        traces=tuple(_spread(numbers, rows) for numbers, rows in _phases(iterations)),
        layout=layout(
            x=_X, y={"title": {"text": "standard deviation (points)"}, "rangemode": "tozero"}
        ),
        keys=_phase_keys(iterations),
    )


def _phases(
    iterations: Sequence[Mapping[str, Any]],
) -> list[tuple[list[int], list[Mapping[str, Any]]]]:
    """Runs of one phase and stage, with the position of each of their iterations (from 1)."""
    numbered = enumerate(iterations, start=1)
    runs = []
    for _, group in groupby(numbered, key=lambda pair: (pair[1]["phase"], pair[1].get("stage"))):
        pairs = list(group)
        runs.append(([number for number, _ in pairs], [row for _, row in pairs]))
    return runs


def _colour(row: Mapping[str, Any]) -> str:
    """Strategies have their member's colour, the base search is neutral."""
    stage = row.get("stage")
    return NEUTRAL if row["phase"] == "base" or stage is None else colour(int(stage))


def _told(row: Mapping[str, Any]) -> str:
    stage = "" if row.get("stage") is None else f", stage {row['stage']}"
    return (
        f"{_PHASES.get(row['phase'], 'other')}{stage}<br>round {row['iteration']}, "
        f"generation {row['generation']}<br>{count(row['num'])} candidates"
    )


def _band(numbers: list[int], rows: Sequence[Mapping[str, Any]]) -> Trace:
    high = [100 * (row["mean"] + row["std"]) for row in rows]
    low = [100 * (row["mean"] - row["std"]) for row in rows]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "spread",
        "x": numbers + numbers[::-1],
        "y": high + low[::-1],
        "fill": "toself",
        "fillcolor": faded(_colour(rows[0]), 0.18),
        "line": {"width": 1 if len(rows) == 1 else 0, "color": faded(_colour(rows[0]), 0.5)},
        "hoverinfo": "skip",
    }


def _mean(numbers: list[int], rows: Sequence[Mapping[str, Any]]) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(rows) < 3 else "lines",
        "name": "mean",
        "x": numbers,
        "y": [100 * row["mean"] for row in rows],
        "line": {"width": 2, "color": _colour(rows[0])},
        "marker": {"size": 6, "symbol": "line-ew-open"},
        "hovertext": [f"mean {percent(row['mean'], digits=2)}<br>{_told(row)}" for row in rows],
        "hoverinfo": "text",
    }


def _best(numbers: list[int], rows: Sequence[Mapping[str, Any]]) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "best",
        "x": numbers,
        "y": [100 * row["best"] for row in rows],
        "marker": {"size": 5, "color": _colour(rows[0])},
        "hovertext": [f"best {percent(row['best'], digits=2)}<br>{_told(row)}" for row in rows],
        "hoverinfo": "text",
    }


def _spread(numbers: list[int], rows: Sequence[Mapping[str, Any]]) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": "standard deviation",
        "x": numbers,
        "y": [100 * row["std"] for row in rows],
        "line": {"width": 1.5, "color": _colour(rows[0])},
        "marker": {"size": 4},
        "hovertext": [f"{100 * row['std']:.2f} points<br>{_told(row)}" for row in rows],
        "hoverinfo": "text",
    }


def _phase_keys(iterations: Sequence[Mapping[str, Any]]) -> tuple[Key, ...]:
    base = any(row["phase"] == "base" for row in iterations)
    stages = sorted({int(r["stage"]) for r in iterations if r.get("stage") is not None})
    keys = [Key(label="base network", swatch="area", colour=NEUTRAL)] if base else []
    named = (Key(label=f"stage {s}", swatch="area", colour=colour(s)) for s in stages)
    return (*keys, *named)


def _reading(iterations: Sequence[Mapping[str, Any]]) -> str:
    if _coarse_to_fine(iterations):
        return (
            f"First the coarse grid, budget by budget: {_scored(iterations, 'coarse')}. Then "
            f"variations of each budget's best: {_scored(iterations, 'fine')}."
        )
    if _front(iterations):
        return (
            f"A search for a Pareto front, from random networks: {_scored(iterations, 'front')}. "
            "It keeps cheap networks beside accurate ones, so the mean need not rise."
        )
    first, last = iterations[0], iterations[-1]
    rounds = {row["iteration"] for row in iterations if row["phase"] == "base"}
    phases = f" and {len(rounds)} rounds of base and strategy search" if rounds else ""
    scored = sum(row["num"] for row in iterations)
    return (
        f"{len(iterations)} iterations in a first ranking of the strategies{phases}; "
        f"{count(scored)} scores asked for. Mean {percent(first['mean'])} in the first iteration, "
        f"{percent(last['mean'])} in the last; best score {percent(_best_score(iterations))}."
    )


def _spread_reading(iterations: Sequence[Mapping[str, Any]]) -> str:
    if _coarse_to_fine(iterations):
        return (
            "Standard deviation of the candidates' accuracy, first of each budget's part of the "
            "coarse grid, then of the variations of its best network."
        )
    if _front(iterations):
        return (
            "Standard deviation of the candidates' accuracy. A front keeps cheap networks beside "
            "accurate ones, so it need not fall."
        )
    first, last = iterations[0]["std"], iterations[-1]["std"]
    return (
        f"Standard deviation of the candidates' accuracy: {100 * first:.2f} points in the "
        f"first iteration, {100 * last:.2f} in the last. A falling spread is convergence."
    )


def _coarse_to_fine(iterations: Sequence[Mapping[str, Any]]) -> bool:
    return any(row["phase"] == "coarse" for row in iterations)


def _front(iterations: Sequence[Mapping[str, Any]]) -> bool:
    return all(row["phase"] == "front" for row in iterations)


def _scored(iterations: Sequence[Mapping[str, Any]], phase: str) -> str:
    rows = [row for row in iterations if row["phase"] == phase]
    if not rows:
        return "none"
    return f"{count(sum(row['num'] for row in rows))} scores, the best {percent(_best_score(rows))}"


def _best_score(iterations: Sequence[Mapping[str, Any]]) -> float:
    return max(float(row["best"]) for row in iterations)
