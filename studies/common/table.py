"""Markdown tables: a heading, a line with fields that each row fills in, and how fields show."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from string import Formatter
from typing import Any

from common.lab import stats

NONE = "-"
Row = Mapping[str, Any]


def page(parts: Iterable[str]) -> str:
    """The parts that are not empty, under each other."""
    return "\n\n".join(part for part in parts if part) + "\n"


def table(title: str, head: str, line: str, rows: Iterable[Row], *, rule: str = "---") -> str:
    """A Markdown table; empty without rows.

    Args:
        title: above it; may be empty.
        head: the headings, ` | ` between them.
        line: the cells of a row, likewise, with format fields such as `{macs:,}` or
            `{groups[all]:counted}`: a format of Python's, or a name in `SHOWN`.
        rows: fill in the fields.
        rule: between headings and rows, in every column.
    """
    lines = [f"| {_CELLS.vformat(line, (), row)} |" for row in rows]
    if not lines:
        return ""
    above = [f"**{title}**", ""] if title else []
    num = len(head.split(" | "))
    return "\n".join([*above, f"| {head} |", f"|{rule}" * num + "|", *lines])


def across(cell: str, names: Iterable[Any]) -> str:
    """Headings or cells for each name or place, which stands for `%s`."""
    return " | ".join(cell % name for name in names)


def spread(values: Iterable[float | None] | Mapping[Any, float]) -> str:
    """Mean and standard error in %, or the one value, or a dash; a mapping's values likewise."""
    listed = values.values() if isinstance(values, Mapping) else values
    known = [100 * value for value in listed if value is not None]
    if not known:
        return NONE
    summary = stats.summarize(known)
    return _around(summary.mean, summary.standard_error)


def mean(entry: Row) -> str:
    """A `statistics.summary` in %: its standard error only where there are several seeds."""
    error = entry["standard_error"]
    return _around(100 * entry["mean"], None if error is None else 100 * error)


def counted(entry: Row) -> str:
    """The same with the number of seeds."""
    return f"{mean(entry)} ({entry['num']})"


def points(entry: Row | None) -> str:
    """A `statistics.against` in points, with standard error and p where there are any."""
    if entry is None or entry["num"] == 0:
        return NONE
    text = f"{100 * entry['difference']:+.2f}"
    if not _is_known(entry["standard_error"]):
        return text
    return f"{text} ± {100 * entry['standard_error']:.2f}, p = {entry['p_value']:.2g}"


def interval(entry: Row | None, form: str = "{:.0f}", *, scale: float = 100.0) -> str:
    """A value with the interval around it, or a dash where one of the three is not known."""
    if entry is None or not all(_is_known(number) for number in entry.values()):
        return NONE
    value, low, high = (form.format(scale * number) for number in entry.values())
    return f"{value} ({low} to {high})"


SHOWN: dict[str, Callable[[Any], str]] = {
    "spread": spread,
    "mean": mean,
    "counted": counted,
    "points": points,
    "interval": interval,
    "joined": lambda numbers: "-".join(map(str, numbers)),  # such as depths: 1-2-2
    "percent": lambda share: f"{100 * share:.2f}",
    "M": lambda amount: f"{amount / 1e6:.2f} M",
    "k": lambda amount: f"{amount / 1e3:.0f} k",
}


class _Cells(Formatter):
    def format_field(self, value: Any, spec: str) -> str:
        return SHOWN[spec](value) if spec in SHOWN else format(value, spec)


_CELLS = _Cells()


def _around(mean: float, error: float | None) -> str:
    around = f" ± {error:.2f}" if error is not None and math.isfinite(error) else ""
    return f"{mean:.2f}{around}"


def _is_known(number: float | None) -> bool:
    """One seed has no standard error."""
    return number is not None and math.isfinite(number)
