"""Tables for the terminal: the family, and an after-analysis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from escalade.report.number import NONE, amount, budget, gap, percent
from escalade.report.trials import columns, rows, shown

_COLUMNS = ("member", "weights", "budget", "gap", "macs", "params", "input", "search", "test")


def family_table(family: Mapping[str, Any]) -> Table:
    """The content of family.json as a rich table, one row a member."""
    kind = str(family["budget_kind"])
    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, name in enumerate(_COLUMNS):
        title = f"{name} ({kind})" if name == "budget" else name
        table.add_column(title, justify="left" if i < 2 else "right", no_wrap=True)
    for member in family["members"]:
        table.add_row(*(Text(cell) for cell in _cells(member, kind)))
    return table


def analysis_table(found: Mapping[str, Any]) -> Table:
    """The content of analysis.json as a rich table: a column a network, a row a way to weights."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("accuracy", no_wrap=True)
    table.add_column("images", justify="right", no_wrap=True)
    networks = rows(found)
    for row in networks:
        title = Text(f"{row.name}, {amount(row.macs)}")
        table.add_column(title, justify="right", no_wrap=True)
    for column in columns(found):
        cells = ["\n".join(shown(row.results.get(column))).strip() or NONE for row in networks]
        table.add_row(*(Text(cell) for cell in (column.title, column.images or NONE, *cells)))
    return table


def _cells(member: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    relative = member[kind] / member["budget"] - 1 if kind in member else None
    return (
        str(member["name"]),
        f"{member['origin']}, {member['weights']}",
        budget(member["budget"], kind),
        gap(relative),
        amount(member["macs"]),
        amount(member["params"]),
        f"{member['resolution']} px",
        percent(member["accuracy"].get("search")),
        percent(member["accuracy"].get("test")),
    )
