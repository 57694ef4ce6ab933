"""Markdown tables and their cells."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from escalade.core.numbers.statistics import summarize

NONE = "-"


def grid(title: str, header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table under its title; empty without lines."""
    body = ["| " + " | ".join(line) + " |" for line in lines]
    if not body:
        return ""
    head = "| " + " | ".join(header) + " |"
    return "\n".join([f"**{title}**", "", head, "|---" * len(header) + "|", *body])


def spread(values: Iterable[float | None], *, scale: float = 100.0) -> str:
    """Mean and standard error, or the one value, or a dash."""
    known = [scale * value for value in values if value is not None]
    if not known:
        return NONE
    summary = summarize(known)
    if summary.num == 1:
        return f"{summary.mean:.2f}"
    return f"{summary.mean:.2f} ± {summary.standard_error:.2f}"


def mean_cell(entry: Mapping[str, Any]) -> str:
    """A `statistics.summary` in %: its standard error only where there are several seeds."""
    error = entry["standard_error"]
    around = f" ± {100 * error:.2f}" if _is_known(error) else ""
    return f"{100 * entry['mean']:.2f}{around}"


def difference(entry: Mapping[str, Any] | None) -> str:
    """A `statistics.against` in points, with standard error and p where there are any."""
    if entry is None or entry["num"] == 0:
        return NONE
    text = f"{100 * entry['difference']:+.2f}"
    if not _is_known(entry["standard_error"]):
        return text
    return f"{text} ± {100 * entry['standard_error']:.2f}, p = {entry['p_value']:.2g}"


def _is_known(error: float | None) -> bool:
    """One seed has no standard error."""
    return error is not None and math.isfinite(error)
