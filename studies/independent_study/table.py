"""Costs and accuracies of the arms, from their result files (Table 5's form)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from common.lab import summarize
from common.table import each, page, spread, table

Row = Mapping[str, Any]


def markdown(found: Row) -> str:
    """Both tables, of what is finished."""
    arms: dict[str, list[Row]] = {}
    for family in found["families"]:
        arms.setdefault(family["arm"], []).append(family)
    return page([_costs(arms), _members(arms, found["budgets"])])


def _costs(arms: Mapping[str, Sequence[Row]]) -> str:
    def mean(row: tuple[str, Sequence[Row]], *keys: str) -> float:
        return summarize([sum(family["cost"][key] for key in keys) for family in row[1]]).mean

    def amount(row: tuple[str, Sequence[Row]], key: str) -> str:
        return f"{mean(row, key):,.0f}"

    rows = list(arms.items())
    totals = {row[0]: mean(row, "training", "searching") for row in rows}
    first = next(iter(totals.values()), 1.0)
    columns = {
        "arm": lambda row: row[0],
        "seeds": lambda row: str(len(row[1])),
        **each(("training", "searching"), amount),
        "total": lambda row: f"{totals[row[0]]:,.0f}",
        "ratio": lambda row: f"{totals[row[0]] / first:.2f}",
        **each(("images", "evaluations"), amount),
    }
    title = "Cost of a family (Table 5), core-seconds; images in training, networks scored"
    return table(title, columns, rows)


def _members(arms: Mapping[str, Sequence[Row]], budgets: Sequence[float]) -> str:
    joint = {f["seed"]: f for f in next(iter(arms.values()), ())}
    rows = [
        {"arm": arm, "families": families}
        for arm, families in arms.items()
        if any(_known(family) for family in families)
    ]

    def gap(row: Row) -> str:
        return spread(_gap(f, joint[f["seed"]]) for f in row["families"] if f["seed"] in joint)

    def macs(row: Row) -> str:
        return ", ".join(f"{m['macs'] / 1e6:.2f}" for m in row["families"][0]["members"])

    def member(row: Row, index: int) -> str:
        return spread(_known(family).get(index) for family in row["families"])

    members = each(range(len(budgets)), member)
    names = (f"{budget / 1e6:g}M" for budget in budgets)
    columns = dict(zip(names, members.values(), strict=True))
    return table(
        "Members retrained, % on the judge images; ± over search seeds",
        {**each(["arm"]), **columns, "mean minus joint's": gap, "M macs (first seed)": macs},
        rows,
    )


def _known(family: Row) -> dict[int, float]:
    """Mean accuracies of the members that are retrained, by place."""
    judged = (member["accuracies"] for member in family["members"])
    return {index: summarize(each).mean for index, each in enumerate(judged) if each}


def _gap(family: Row, joint: Row) -> float | None:
    own, others = _known(family), _known(joint)
    gaps = [own[index] - others[index] for index in sorted(own.keys() & others.keys())]
    return summarize(gaps).mean if gaps else None
