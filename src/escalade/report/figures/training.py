"""Training curves: the loss of the supernet and of every member trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from statistics import fmean
from typing import Any

from escalade.report.figures.figure import Figure, Key, Trace, label, layout
from escalade.report.member import Member
from escalade.report.number import count, listed
from escalade.report.palette import NEUTRAL

MAX_POINTS = 500


def training_curves(
    metrics: Sequence[Mapping[str, Any]], *, stage: str, members: Sequence[Member] = ()
) -> Figure | None:
    """Loss against steps for one stage of the run, a line for each network trained in it.

    Args:
        metrics: records of metrics.jsonl with `stage`, `step`, `loss` and, where a stage trains
            several networks, `name`; long curves are averaged down to 500 points.
        stage: train (the supernet) or retrain (the members).
        members: for colours.
    """
    records = [r for r in metrics if r.get("stage") == stage and r.get("loss") is not None]
    if not records:
        return None
    colours = {member.name: member.colour for member in members}
    names = list(dict.fromkeys(str(record.get("name", "")) for record in records))
    curves = {n: _thinned([r for r in records if str(r.get("name", "")) == n]) for n in names}
    what = "Supernet" if stage == "train" else "Members"
    return Figure(
        name=f"loss-{stage}",
        title=f"{what}: training loss",
        reading=_reading(curves, what),
        traces=tuple(_line(name, c, colours.get(name, NEUTRAL)) for name, c in curves.items()),
        layout=layout(
            x={"title": {"text": "training step"}, "rangemode": "tozero", "tickformat": "~s"},
            y={"title": {"text": "training loss (nats)"}},
        ),
        keys=tuple(
            Key(label=n, swatch="line", colour=colours.get(n, NEUTRAL)) for n in names if n
        ),
    )


def _thinned(records: Sequence[Mapping[str, Any]]) -> list[tuple[float, float]]:
    """Step and loss; equal runs of steps are averaged where there are too many to draw.

    A resumed run writes some steps twice: the later record counts.
    """
    latest = {float(r["step"]): float(r["loss"]) for r in records}
    points = sorted(latest.items())
    length = -(-len(points) // MAX_POINTS)
    runs = groupby(enumerate(points), key=lambda pair: pair[0] // length)
    grouped = [[point for _, point in run] for _, run in runs]
    return [(fmean(s for s, _ in run), fmean(v for _, v in run)) for run in grouped]


def _line(name: str, curve: Sequence[tuple[float, float]], colour: str) -> Trace:
    shown = label(name) or "supernet"
    return {
        "type": "scatter",
        "mode": "lines" if len(curve) > 1 else "markers",
        "name": shown,
        "x": [step for step, _ in curve],
        "y": [loss for _, loss in curve],
        "line": {"width": 1.75, "color": colour},
        "text": [shown] * len(curve),
        "hovertemplate": "%{text}<br>step %{x:,.0f}<br>loss %{y:.3f}<extra></extra>",
    }


def _reading(curves: Mapping[str, Sequence[tuple[float, float]]], what: str) -> str:
    told = [
        f"{name + ' ' if name else ''}from {curve[0][1]:.2f} to {curve[-1][1]:.2f} in "
        f"{count(curve[-1][0])} steps"
        for name, curve in curves.items()
    ]
    return f"{what}, loss {listed(told)}."
