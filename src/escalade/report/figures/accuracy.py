"""Accuracy against macs: every evaluation, and where the members stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from escalade.report.figures.figure import Figure, Key, Trace, label, layout, log_axis
from escalade.report.member import Member, Share
from escalade.report.number import SPACE, accuracy, amount, count, listed, percent
from escalade.report.palette import NEUTRAL, faded

MAX_DOTS = 8000


def accuracy_against_macs(
    evaluations: Sequence[Mapping[str, Any]], *, members: Sequence[Member], alone: bool = False
) -> Figure | None:
    """Light dots for evaluations, open marks for search and filled ones for test accuracy.

    Args:
        evaluations: rows with `macs` and `accuracy` (0..1); more than 8,000 are drawn thinned out.
        members: the family; those without any accuracy are left out.
        alone: whether each evaluated network had weights of its own.
    """
    drawn = evaluations[:: -(-len(evaluations) // MAX_DOTS)] if evaluations else ()
    marked = [member for member in members if member.best]
    macs = [row["macs"] for row in drawn] + [member.macs for member in marked]
    if not macs:
        return None
    return Figure(
        name="accuracy",
        title="Accuracy against macs",
        reading=_reading(len(evaluations), len(drawn), marked, alone=alone),
        traces=(_cloud(drawn), *_searched(marked), _ladder(marked), *_tested(marked)),
        layout=layout(
            x=log_axis("macs of one image (log scale)", min(macs), max(macs)),
            y={"title": {"text": "accuracy (%)"}},
        ),
        keys=_keys(bool(drawn), marked),
    )


def _cloud(rows: Sequence[Mapping[str, Any]]) -> Trace:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "evaluations",
        "x": [row["macs"] for row in rows],
        "y": [100 * row["accuracy"] for row in rows],
        "marker": {"size": 4, "color": faded(NEUTRAL, 0.38)},
        "hovertemplate": "evaluated path<br>%{x:.3s} macs<br>%{y:.2f} %<extra></extra>",
    }


def _ladder(marked: Sequence[Member]) -> Trace:
    tested = [(member.macs, member.test.value) for member in marked if member.test]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "family",
        "x": [macs for macs, _ in tested],
        "y": [100 * value for _, value in tested],
        "line": {"color": faded(NEUTRAL, 0.6), "width": 1.5},
        "hoverinfo": "skip",
    }


def _searched(marked: Sequence[Member]) -> list[Trace]:
    return [_mark(m, m.search, opened=True, named=m.test is None) for m in marked if m.search]


def _tested(marked: Sequence[Member]) -> list[Trace]:
    return [_mark(m, m.test, opened=False, named=True) for m in marked if m.test]


def _mark(member: Member, share: Share, *, opened: bool, named: bool) -> Trace:
    """One member; its name stands above the rising line, to the left of its error bar."""
    which = "search" if opened else "test"
    shown = accuracy(share.value, share.standard_error)
    told = f"{label(member.name)}, {member.origin}<br>{which} accuracy {shown}"
    trace: Trace = {
        "type": "scatter",
        "mode": "markers+text" if named else "markers",
        "name": label(f"{member.name} {which}"),
        "x": [member.macs],
        "y": [100 * share.value],
        "text": [f"{SPACE}{label(member.name)}{SPACE}"] if named else [],
        "textposition": "top left",
        "textfont": {"size": 13},
        "hovertext": [f"{told}<br>{amount(member.macs)} macs"],
        "hoverinfo": "text",
        "cliponaxis": False,
        "marker": {
            "size": 10 if opened else 12,
            "color": member.colour,
            "symbol": f"{member.symbol}-open" if opened else member.symbol,
            "line": {"width": 2, "color": member.colour},
        },
    }
    if share.standard_error is not None and not opened:
        trace["error_y"] = {
            "type": "data",
            "array": [200 * share.standard_error],
            "color": member.colour,
            "thickness": 1.5,
            "width": 4,
        }
    return trace


def _keys(cloud: bool, marked: Sequence[Member]) -> tuple[Key, ...]:
    kinds = (
        (cloud, Key(label="evaluated path", swatch="dot", colour=NEUTRAL)),
        (
            any(m.search for m in marked),
            Key(label="member, search images", swatch="ring", colour=NEUTRAL),
        ),
        (
            any(m.test for m in marked),
            Key(label="member, test images, ± 2 standard errors", swatch="mark", colour=NEUTRAL),
        ),
    )
    return tuple(key for there, key in kinds if there)


def _reading(num_rows: int, num_drawn: int, marked: Sequence[Member], *, alone: bool) -> str:
    parts = []
    if num_rows:
        thinned = f" ({count(num_drawn)} of them drawn)" if num_drawn < num_rows else ""
        parts.append(
            f"Each dot is one of {count(num_rows)} {'networks' if alone else 'paths'}{thinned} "
            "that the search scored on the search images, "
            f"{'each trained alone' if alone else 'with shared weights'}."
        )
    tested = [f"{m.name} {percent(m.test.value)}" for m in marked if m.test]
    scored = [f"{m.name} {percent(m.search.value)}" for m in marked if m.search]
    if tested:
        parts.append(f"Filled marks, test accuracy: {listed(tested)}.")
        if any(m.test and m.test.standard_error for m in marked):
            parts.append(f"Bars are ±{SPACE}2 standard errors.")
    if scored:
        parts.append(f"Open marks, search accuracy: {listed(scored)}.")
    return " ".join(parts)
