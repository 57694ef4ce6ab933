"""Training curves: the loss of the supernet and of every member trained."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from statistics import fmean

from escalade.artefacts.metrics_lines import MetricsLine
from escalade.core.numbers.shown import count
from escalade.report.family_row import FamilyRow
from escalade.report.figures.figure import Figure, Key, Trace, label, layout, line
from escalade.report.palette import NEUTRAL

MAX_POINTS = 500
Points = Sequence[tuple[float, float]]
_SEPARATOR = re.compile(r"[/: ]")


def supernet_loss(metrics: Iterable[MetricsLine]) -> Figure | None:
    """Loss of the supernet against steps; a long curve is averaged down to 500 points."""
    rows = [row for row in metrics if row.stage == "train"]
    return _figure("supernet-loss", "Supernet: training loss", {"supernet": rows}, {})


def member_losses(
    metrics: Iterable[MetricsLine], *, family: Sequence[FamilyRow] = ()
) -> Figure | None:
    """Loss of every network trained after the supernet, in its member's colour.

    Args:
        metrics: lines whose stage, such as `retrain/S0 warm`, names the network.
    """
    runs: dict[str, list[MetricsLine]] = {}
    for row in metrics:
        if row.stage != "train":
            runs.setdefault(_SEPARATOR.split(row.stage, maxsplit=1)[-1], []).append(row)
    colours = {member.name: member.colour for member in family}
    return _figure("member-loss", "Members: training loss", runs, colours)


def _figure(
    name: str, title: str, runs: Mapping[str, Sequence[MetricsLine]], colours: Mapping[str, str]
) -> Figure | None:
    curves = {network: points for network, rows in runs.items() if (points := _thinned(rows))}
    if not curves:
        return None
    shades = {n: colours.get(n, colours.get(_SEPARATOR.split(n)[0], NEUTRAL)) for n in curves}
    told = "; ".join(f"{n} {curve[0][1]:.2f} to {curve[-1][1]:.2f}" for n, curve in curves.items())
    last = max(curve[-1][0] for curve in curves.values())
    keys = tuple(Key(label=n, swatch="line", colour=shade) for n, shade in shades.items())
    return Figure(
        name=name,
        title=title,
        reading=f"Over {count(last)} steps: {told}.",
        traces=tuple(_line(n, curve, shades[n]) for n, curve in curves.items()),
        layout=layout(
            x={"title": {"text": "training step"}, "rangemode": "tozero", "tickformat": "~s"},
            y={"title": {"text": "training loss (nats)"}},
        ),
        keys=keys if len(keys) > 1 else (),
    )


def _thinned(rows: Sequence[MetricsLine]) -> Points:
    """Step and loss; equal runs of steps are averaged where there are too many to draw.

    A resumed run writes some steps twice: the later line counts.
    """
    latest = {float(row.step): float(row.loss) for row in rows if row.loss is not None}
    points = sorted(latest.items())
    length = -(-len(points) // MAX_POINTS)
    runs = groupby(enumerate(points), key=lambda pair: pair[0] // length)
    grouped = [[point for _, point in run] for _, run in runs]
    return [(fmean(s for s, _ in run), fmean(v for _, v in run)) for run in grouped]


def _line(name: str, curve: Points, colour: str) -> Trace:
    return line(
        name,
        [step for step, _ in curve],
        [loss for _, loss in curve],
        colour=colour,
        width=1.75,
        mode="lines" if len(curve) > 1 else "markers",
        hover=f"{label(name)}<br>step %{{x:,.0f}}<br>loss %{{y:.3f}}",
    )
