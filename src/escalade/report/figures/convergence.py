"""Convergence of the search: mean, spread and best of every iteration (ScaleNet, Fig. 6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from escalade.artefacts.searched import IterationRecord
from escalade.core.numbers.shown import count, percent
from escalade.report.figures.figure import Figure, Key, Trace, dots, layout, line
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
Iterations = Sequence[IterationRecord]


def convergence(iterations: Iterations) -> Figure | None:
    """Mean with a band of one standard deviation, and the best score, phase by phase."""
    if not iterations:
        return None
    keys = (
        Key(label="mean ± 1 standard deviation", swatch="line", colour=NEUTRAL),
        Key(label="best", swatch="dot", colour=NEUTRAL),
    )
    return Figure(
        name="convergence",
        title="Accuracy of the candidates",
        reading=_reading(iterations),
        traces=tuple(trace for run in _runs(iterations) for trace in _drawn(*run)),
        layout=layout(x=_X, y={"title": {"text": "search accuracy (%)"}}),
        keys=(*keys, *_phase_keys(iterations)),
    )


def deviation(iterations: Iterations) -> Figure | None:
    """The standard deviation of each iteration alone, as the paper draws it."""
    if not iterations:
        return None
    y = {"title": {"text": "standard deviation (points)"}, "rangemode": "tozero"}
    first, last = (100 * iterations[i].std for i in (0, -1))
    reading = f"{first:.2f} points in the first iteration, {last:.2f} in the last."
    if _phases(iterations) == {"front"}:
        reading += " A front keeps cheap networks beside accurate ones: it need not fall."
    return Figure(
        name="deviation",
        title="Spread of the candidates",
        reading=reading,
        traces=tuple(_spread(*run) for run in _runs(iterations)),
        layout=layout(x=_X, y=y),
        keys=_phase_keys(iterations),
    )


def _runs(iterations: Iterations) -> Iterable[tuple[list[int], list[IterationRecord], str]]:
    """Runs of one phase and stage: the places of their iterations (from 1), these, a colour."""
    numbered = enumerate(iterations, start=1)
    for (phase, stage), group in groupby(numbered, key=lambda each: (each[1].phase, each[1].stage)):
        places, rows = zip(*group, strict=True)
        shade = NEUTRAL if phase == "base" or stage is None else colour(int(stage))
        yield list(places), list(rows), shade


def _drawn(places: list[int], rows: list[IterationRecord], shade: str) -> Iterable[Trace]:
    """Band, mean and best."""
    high = [100 * (row.mean + row.std) for row in rows]
    low = [100 * (row.mean - row.std) for row in rows]
    edge = {"width": 1 if len(rows) == 1 else 0, "color": faded(shade, 0.5)}
    band: dict[str, Any] = {"fill": "toself", "fillcolor": faded(shade, 0.18), "line": edge}
    yield line("spread", places + places[::-1], high + low[::-1], colour=shade, **band)
    yield line(
        "mean",
        places,
        [100 * row.mean for row in rows],
        colour=shade,
        hover=[f"mean {percent(row.mean, digits=2)}<br>{_told(row)}" for row in rows],
        mode="lines+markers" if len(rows) < 3 else "lines",
        marker={"size": 6, "symbol": "line-ew-open"},
    )
    yield dots(
        "best",
        places,
        [100 * row.best for row in rows],
        colour=shade,
        size=5,
        hover=[f"best {percent(row.best, digits=2)}<br>{_told(row)}" for row in rows],
    )


def _spread(places: list[int], rows: list[IterationRecord], shade: str) -> Trace:
    return line(
        "standard deviation",
        places,
        [100 * row.std for row in rows],
        colour=shade,
        width=1.5,
        hover=[f"{100 * row.std:.2f} points<br>{_told(row)}" for row in rows],
        mode="lines+markers",
        marker={"size": 4},
    )


def _told(row: IterationRecord) -> str:
    stage = "" if row.stage is None else f", stage {row.stage}"
    return (
        f"{_PHASES.get(row.phase, 'other')}{stage}<br>round {row.iteration}, "
        f"generation {row.generation}<br>{count(row.num)} candidates"
    )


def _phase_keys(iterations: Iterations) -> tuple[Key, ...]:
    stages = sorted({int(row.stage) for row in iterations if row.stage is not None})
    keys = [Key(label=f"stage {s}", swatch="area", colour=colour(s)) for s in stages]
    if "base" in _phases(iterations):
        keys.insert(0, Key(label="base network", swatch="area", colour=NEUTRAL))
    return tuple(keys)


def _phases(iterations: Iterations) -> set[str]:
    return {row.phase for row in iterations}


def _reading(iterations: Iterations) -> str:
    """What was scored in each phase, and where the mean began and ended."""
    told = []
    for phase in dict.fromkeys(row.phase for row in iterations):
        rows = [row for row in iterations if row.phase == phase]
        scored, best = sum(row.num for row in rows), max(row.best for row in rows)
        told.append(f"{_PHASES.get(phase, 'other')}: {count(scored)} scores, best {percent(best)}")
    first, last = percent(iterations[0].mean), percent(iterations[-1].mean)
    text = "; ".join(told)
    text = f"{text[0].upper()}{text[1:]}. Mean {first} in the first iteration, {last} in the last."
    if _phases(iterations) == {"front"}:
        text += " A front keeps cheap networks beside accurate ones: the mean need not rise."
    return text
