"""Markdown tables and their cells."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from common.lab import summarize

NONE = "-"
Row = Mapping[str, Any]
Cell = Callable[[Any], str]


def page(parts: Iterable[str]) -> str:
    """The parts that are not empty, under each other."""
    return "\n\n".join(part for part in parts if part) + "\n"


def table(
    title: str, columns: Mapping[str, Cell], rows: Iterable[Any], *, rule: str = "---"
) -> str:
    """A Markdown table, each column under its heading; empty without rows.

    Args:
        title: above it; may be empty.
        columns: makes the cells of a column from a row, by heading.
        rows: anything that the cells read.
        rule: between header and body, in every column.
    """
    lines = [[cell(row) for cell in columns.values()] for row in rows]
    if not lines:
        return ""
    body = ["| " + " | ".join(line) + " |" for line in (list(columns), *lines)]
    head = [f"**{title}**", ""] if title else []
    return "\n".join([*head, body[0], f"|{rule}" * len(columns) + "|", *body[1:]])


def each(
    names: Iterable[Any],
    cell: Callable[[Any, Any], str] = lambda row, name: str(row[name]),
    said: str = "{}",
) -> dict[str, Cell]:
    """A column for each name: a cell of row and name; `said` makes its heading."""
    return {said.format(name): partial(_swapped, cell, name) for name in names}


def value(name: str, form: str = "{}", *, scale: float | None = None) -> Cell:
    """A cell of one of the row's values, scaled and formatted."""
    return lambda row: form.format(row[name] if scale is None else scale * row[name])


def joined(numbers: Iterable[int]) -> str:
    """Such as depths: 1-2-2."""
    return "-".join(map(str, numbers))


def spread(values: Iterable[float | None], *, scale: float = 100.0) -> str:
    """Mean and standard error, or the one value, or a dash."""
    known = [scale * value for value in values if value is not None]
    if not known:
        return NONE
    summary = summarize(known)
    return _around(summary.mean, summary.standard_error, scale=1)


def counted(entry: Row) -> str:
    """A `statistics.summary` in %, with the number of seeds."""
    return f"{mean_cell(entry)} ({entry['num']})"


def mean_cell(entry: Row) -> str:
    """A `statistics.summary` in %: its standard error only where there are several seeds."""
    return _around(entry["mean"], entry["standard_error"], scale=100)


def difference(entry: Row | None) -> str:
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


def _swapped(cell: Callable[[Any, Any], str], name: Any, row: Any) -> str:
    return cell(row, name)


def _around(mean: float, error: float | None, *, scale: float) -> str:
    around = f" ± {scale * error:.2f}" if error is not None and math.isfinite(error) else ""
    return f"{scale * mean:.2f}{around}"


def _is_known(number: float | None) -> bool:
    """One seed has no standard error."""
    return number is not None and math.isfinite(number)
