"""Accuracy against macs: every evaluation, and where the members stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from escalade.core.numbers.shown import accuracy, amount, count
from escalade.report.family_row import FamilyRow, Share
from escalade.report.figures.figure import Figure, Key, Trace, dots, label, layout, line, log_axis
from escalade.report.palette import NEUTRAL, faded

MAX_DOTS = 8000


def accuracy_against_macs(
    evaluations: Sequence[Mapping[str, float]], *, family: Sequence[FamilyRow], alone: bool = False
) -> Figure | None:
    """Light dots for evaluations, open marks for search and filled ones for test accuracy.

    Args:
        evaluations: rows with `macs` and `accuracy` (0..1); more than 8,000 are drawn thinned out.
        family: the members; those without any accuracy are left out.
        alone: whether each evaluated network had weights of its own.
    """
    drawn = evaluations[:: -(-len(evaluations) // MAX_DOTS)] if evaluations else ()
    tested = [(m, m.test) for m in family if m.test]
    searched = [(m, m.search) for m in family if m.search]
    macs = [row["macs"] for row in drawn] + [m.macs for m, _ in (*tested, *searched)]
    if not macs:
        return None
    cloud = dots(
        "evaluations",
        [row["macs"] for row in drawn],
        [100 * row["accuracy"] for row in drawn],
        colour=faded(NEUTRAL, 0.38),
        size=4,
        hover="evaluated network<br>%{x:.3s} macs<br>%{y:.2f} %",
    )
    ladder = line(
        "family",
        [m.macs for m, _ in tested],
        [100 * share.value for _, share in tested],
        colour=faded(NEUTRAL, 0.6),
        width=1.5,
    )
    return Figure(
        name="accuracy",
        title="Accuracy against macs",
        reading=_reading(len(evaluations), len(drawn), alone=alone, tested=bool(tested)),
        traces=(
            cloud,
            *(_mark(m, share, "search", named=m.test is None) for m, share in searched),
            ladder,
            *(_mark(m, share, "test", named=True) for m, share in tested),
        ),
        layout=layout(
            # Room for the first name.
            x=log_axis("macs of one image (log scale)", 0.9 * min(macs), max(macs)),
            y={"title": {"text": "accuracy (%)"}},
        ),
        keys=_keys(bool(drawn), bool(searched), bool(tested)),
    )


def _mark(member: FamilyRow, share: Share, images: str, *, named: bool) -> Trace:
    """One member; its name stands above the rising line, to the left of its error bar."""
    opened = images == "search"
    shown = accuracy(share.value, share.interval)
    told = f"{label(member.name)}, {member.origin}<br>{images} accuracy {shown}"
    more: Trace = {}
    if named:
        name = f"\N{NO-BREAK SPACE}{label(member.name)}\N{NO-BREAK SPACE}"
        more = {"mode": "markers+text", "text": [name], "textposition": "top left"}
        more["textfont"] = {"size": 13}
    if share.interval is not None and not opened:
        low, high = share.interval
        bars = {
            "symmetric": False,
            "array": [100 * (high - share.value)],
            "arrayminus": [100 * (share.value - low)],
            "color": member.colour,
        }
        more["error_y"] = {"type": "data", "thickness": 1.5, "width": 4} | bars
    symbol = f"{member.symbol}-open" if opened else member.symbol
    return dots(
        f"{member.name} {images}",
        [member.macs],
        [100 * share.value],
        colour=member.colour,
        size=10 if opened else 12,
        hover=[f"{told}<br>{amount(member.macs)} macs"],
        marker={"symbol": symbol, "line": {"width": 2, "color": member.colour}},
        cliponaxis=False,
        **more,
    )


def _keys(cloud: bool, searched: bool, tested: bool) -> tuple[Key, ...]:
    kinds = (
        (cloud, "evaluated network", "dot"),
        (searched, "search accuracy", "ring"),
        (tested, "test accuracy", "mark"),
    )
    return tuple(Key(label=k, swatch=s, colour=NEUTRAL) for there, k, s in kinds if there)


def _reading(num_rows: int, num_drawn: int, *, alone: bool, tested: bool) -> str:
    told = []
    if num_rows:
        thinned = f" ({count(num_drawn)} drawn)" if num_drawn < num_rows else ""
        what = "networks, each trained alone" if alone else "paths scored with shared weights"
        told.append(f"Dots: {count(num_rows)}{thinned} {what}, on the search images.")
    if tested:
        told.append("Bars: 95 % intervals.")
    return " ".join(told) or "Open marks: accuracy on the search images."
