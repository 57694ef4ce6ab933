"""Words that plans of all kinds share."""

from __future__ import annotations

from collections.abc import Sequence

from escalade.data import ImageData


def data_line(data: ImageData) -> str:
    """The images and their splits."""
    return (
        f"data    {data.name}: {data.num_classes} classes, {len(data.train):,} train, "
        f"{len(data.search):,} search, {len(data.test):,} test images, "
        f"{data.in_channels} channel{'s' if data.in_channels > 1 else ''}, "
        f"{data.side} pixels" + _skipped(data.skipped)
    )


def bars(counts: Sequence[int]) -> str:
    """A histogram in one line."""
    marks, top = " ▁▂▃▄▅▆▇█", max(counts)
    return "".join(marks[round(8 * count / top)] for count in counts)


def _skipped(skipped: Sequence[tuple[str, str]]) -> str:
    if not skipped:
        return ""
    path, reason = skipped[0]
    return f"\n        {len(skipped)} unreadable images left out, such as {path} ({reason})"
