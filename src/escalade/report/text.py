"""The family table for the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from escalade.report.number import amount, budget, gap, percent

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
