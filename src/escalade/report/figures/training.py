"""Training curves: the loss of the supernet and of every member trained."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from statistics import fmean
from typing import Any

from escalade.report.figures.figure import Figure, Key, Trace, label, layout
from escalade.report.member import Member
from escalade.report.number import count, listed
from escalade.report.palette import NEUTRAL

MAX_POINTS = 500
Curve = list[tuple[float, float]]
_SEPARATOR = re.compile(r"[/: ]")


def supernet_loss(metrics: Sequence[Mapping[str, Any]]) -> Figure | None:
    """Loss of the supernet against steps; a long curve is averaged down to 500 points.

    Args:
        metrics: records of metrics.jsonl with `stage`, `step` and `loss`; the stage is `train`.
    """
    curves = _curves(metrics, supernet=True)
    return _figure("supernet-loss", "Supernet: training loss", curves, {}) if curves else None


def member_losses(
    metrics: Sequence[Mapping[str, Any]], *, members: Sequence[Member] = ()
) -> Figure | None:
    """Loss of every network trained after the supernet, in its member's colour.

    Args:
        metrics: records of metrics.jsonl; stages such as `retrain/S0` name the network.
        members: for colours.
    """
    curves = _curves(metrics, supernet=False)
    colours = {member.name: member.colour for member in members}
    return _figure("member-loss", "Members: training loss", curves, colours) if curves else None


def _curves(metrics: Sequence[Mapping[str, Any]], *, supernet: bool) -> dict[str, Curve]:
    """Steps and losses by network."""
    records: dict[str, list[Mapping[str, Any]]] = {}
    for record in metrics:
        stage = str(record["stage"])
        if record.get("loss") is not None and (stage == "train") is supernet:
            name = "supernet" if supernet else _SEPARATOR.split(stage, maxsplit=1)[-1]
            records.setdefault(name, []).append(record)
    return {name: _thinned(rows) for name, rows in records.items()}


def _figure(
    name: str, title: str, curves: Mapping[str, Curve], colours: Mapping[str, str]
) -> Figure:
    found = {n: colours.get(n, colours.get(_SEPARATOR.split(n)[0], NEUTRAL)) for n in curves}
    keys = tuple(Key(label=n, swatch="line", colour=found[n]) for n in curves)
    return Figure(
        name=name,
        title=title,
        reading=_reading(curves),
        traces=tuple(_line(n, curve, found[n]) for n, curve in curves.items()),
        layout=layout(
            x={"title": {"text": "training step"}, "rangemode": "tozero", "tickformat": "~s"},
            y={"title": {"text": "training loss (nats)"}},
        ),
        keys=keys if len(keys) > 1 else (),
    )


def _thinned(records: Sequence[Mapping[str, Any]]) -> Curve:
    """Step and loss; equal runs of steps are averaged where there are too many to draw.

    A resumed run writes some steps twice: the later record counts.
    """
    latest = {float(r["step"]): float(r["loss"]) for r in records}
    points = sorted(latest.items())
    length = -(-len(points) // MAX_POINTS)
    runs = groupby(enumerate(points), key=lambda pair: pair[0] // length)
    grouped = [[point for _, point in run] for _, run in runs]
    return [(fmean(s for s, _ in run), fmean(v for _, v in run)) for run in grouped]


def _line(name: str, curve: Curve, colour: str) -> Trace:
    shown = label(name)
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


def _reading(curves: Mapping[str, Curve]) -> str:
    told = [f"{name} {curve[0][1]:.2f} to {curve[-1][1]:.2f}" for name, curve in curves.items()]
    last = max(curve[-1][0] for curve in curves.values())
    return f"Training loss over {count(last)} steps: {listed(told)}."
