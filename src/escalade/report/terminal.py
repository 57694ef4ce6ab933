"""Tables for the terminal: the family, and an after-analysis."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from escalade.artefacts.analysed import Analysed
from escalade.core.values.plain import plain
from escalade.family.family import Family
from escalade.report.arms import arms, cell, networks
from escalade.report.number import NONE, amount, budget, gap, percent

_COLUMNS = ("member", "weights", "budget", "gap", "macs", "params", "input", "search", "test")


def family_table(family: Family) -> Table:
    """The family as a rich table, one row a member."""
    kind = family.budget_kind
    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, name in enumerate(_COLUMNS):
        title = f"{name} ({kind})" if name == "budget" else name
        table.add_column(title, justify="left" if i < 2 else "right", no_wrap=True)
    for member in family:
        cost = getattr(member, kind, None)
        cells = (
            member.name,
            f"{member.origin}, {member.weights}",
            budget(member.budget, kind),
            gap(None if cost is None else cost / member.budget - 1),
            amount(member.macs),
            amount(member.params),
            f"{member.resolution} px",
            percent(member.accuracy.search),
            percent(member.accuracy.test),
        )
        table.add_row(*(Text(plain(each)) for each in cells))
    return table


def analysis_table(found: Analysed) -> Table:
    """An after-analysis as a rich table: a column a network, a row a way to weights."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("accuracy", no_wrap=True)
    table.add_column("images", justify="right", no_wrap=True)
    shown = networks(found)
    for network in shown:
        title = Text(plain(f"{network.name}, {amount(network.macs)}"))
        table.add_column(title, justify="right", no_wrap=True)
    for arm in arms(found):
        cells = ["\n".join(cell(found, network.name, arm)).strip() or NONE for network in shown]
        table.add_row(*(Text(plain(each)) for each in (arm.title, arm.images or NONE, *cells)))
    return table
