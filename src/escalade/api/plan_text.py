"""Words that plans of all kinds share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from escalade.core.numbers.budget import format_amount
from escalade.data import ImageData


def data_facts(data: ImageData) -> dict[str, Any]:
    """The images and their splits, for programs."""
    return {
        "name": data.name,
        "classes": list(data.classes),
        "in_channels": data.in_channels,
        "side": data.side,
        "train": len(data.train),
        "search": len(data.search),
        "test": len(data.test),
        "skipped": [list(entry) for entry in data.skipped],
    }


def data_line(data: ImageData) -> str:
    """The same, for people."""
    return (
        f"data    {data.name}: {data.num_classes} classes, {len(data.train):,} train, "
        f"{len(data.search):,} search, {len(data.test):,} test images, "
        f"{data.in_channels} channel{'s' if data.in_channels > 1 else ''}, "
        f"{data.side} pixels" + _skipped(data.skipped)
    )


def front_lines(front: Mapping[str, Any], *, kind: str, num_grown: int, how: str) -> list[str]:
    """Members chosen of a front, and those beyond them."""
    num, limits = front["members"], " and ".join(front["constraints"])
    lines = [
        f"  S0 to S{num - 1}: {num} equispaced on the front of {', '.join(front['objectives'])}"
        + (f" where {limits}" if limits else ""),
        f"  paths within the limits on costs have {format_amount(front['min'], kind)} to "
        f"{format_amount(front['max'], kind)} {kind}, {front['share']:.1%} of those drawn",
    ]
    twice = (f"  S{i}  twice the {kind} of S{i - 1}: {how}" for i in range(num, num + num_grown))
    return [*lines, *twice]


def scores(num: int, *, constraints: Sequence[str]) -> str:
    """How many scores a search takes; what a limit on the accuracy rejects has been scored, too."""
    by_score = [text for text in constraints if text.strip().startswith(("accuracy", "error"))]
    if by_score:
        return f"{num:,} scores, and those that {' and '.join(by_score)} rejects"
    return f"{num:,} scores at most"


def bars(counts: Sequence[int]) -> str:
    """A histogram in one line."""
    marks, top = " ▁▂▃▄▅▆▇█", max(counts)
    return "".join(marks[round(8 * count / top)] for count in counts)


def _skipped(skipped: Sequence[tuple[str, str]]) -> str:
    if not skipped:
        return ""
    path, reason = skipped[0]
    return f"\n        {len(skipped)} unreadable images left out, such as {path} ({reason})"
