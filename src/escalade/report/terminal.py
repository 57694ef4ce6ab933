"""Tables for the terminal: the family, and an after-analysis."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from escalade.artefacts.analysed import Analysed
from escalade.artefacts.audited import Audited
from escalade.core.numbers.class_counts import ClassCounts
from escalade.core.numbers.score_words import SCORE_WORDS
from escalade.core.numbers.shown import NONE, amount, correlation, gap, percent
from escalade.core.values.plain import plain
from escalade.family.family import Family, FamilyMember, PlainRival, Replaced
from escalade.report.arms import arms, cell, networks

_Shown = FamilyMember | PlainRival | Replaced

_BASES = {"plain": "plain", "seed": "fine-tuned"}
_COLUMNS = ("member", "weights", "budget", "gap", "macs", "params", "input", "search", "test")


def family_table(family: Family) -> Table:
    """The family as a rich table: a row a member, below it its rival, or what that replaced."""
    kind = family.budget_kind
    table = Table(box=None, pad_edge=False, header_style="bold")
    uneven = family.tested is not None and not family.tested.is_even
    for i, name in enumerate((*_COLUMNS, "balanced") if uneven else _COLUMNS):
        title = f"{name} ({kind})" if name == "budget" else name
        table.add_column(title, justify="left" if i < 2 else "right", no_wrap=True)
    for member in family:
        rows: list[tuple[_Shown, str, str]] = [
            (member, member.name, f"{member.origin}, {member.weights}")
        ]
        rival = family.rival_of(member.name)
        if rival is not None and rival.replaced is None:
            rows.append((rival, "", f"{_BASES[rival.base]}, {rival.rule}"))
        elif rival is not None and (before := rival.replaced) is not None:
            rows.append((before, "", f"before: {before.origin}, {before.weights}"))
        for shown, name, told in rows:
            balanced = (percent(shown.accuracy.balanced),) if uneven else ()
            table.add_row(*_row(shown, name, told, kind, member), *map(Text, balanced))
    if notes := _notes(family.tested):
        table.caption, table.caption_justify = Text("\n".join(notes)), "left"
    return table


def _notes(tested: ClassCounts | None) -> list[str]:
    """What the scores are, where that is not plain, and what they stand on."""
    if tested is None:
        return []
    name = SCORE_WORDS["multilabel"].name
    scores = [f"Scores are {name}: images may have several classes."] if tested.of_several else []
    return [*scores, *tested.cautions()]


def audit_table(found: Audited) -> Table:
    """An audit as a rich table: a row a budget."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, title in enumerate(("budget", "networks", "Spearman", "Kendall", "regret", "at random")):
        table.add_column(title, justify="right" if i else "left", no_wrap=True)
    for each in found.budgets:
        for name, told in (("", each.by_score), (" by all scores", each.by_worth)):
            if told is not None:
                table.add_row(
                    *map(
                        Text,
                        (
                            f"{each.name}, {amount(each.budget, found.budget_kind)}{name}",
                            f"{len(each.networks)}",
                            correlation(told.spearman, told.spearman_interval),
                            correlation(told.kendall, told.kendall_interval),
                            percent(told.regret),
                            percent(told.blind),
                        ),
                    )
                )
    return table


def _row(
    shown: _Shown,
    name: str,
    told: str,
    kind: str,
    member: FamilyMember,
) -> list[Text]:
    """A member, or what stands beside it at its budget."""
    cost = getattr(shown, kind, None)
    cells = (
        name,
        told,
        amount(member.budget, kind),
        gap(None if cost is None else cost / member.budget - 1),
        amount(shown.macs),
        amount(shown.params),
        f"{shown.resolution} px",
        percent(shown.accuracy.search),
        percent(shown.accuracy.test),
    )
    return [Text(plain(cell)) for cell in cells]


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
