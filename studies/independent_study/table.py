"""Costs and accuracies of the arms, from their result files (Table 5's form)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from common.lab import stats
from common.table import across, page, table

Row = Mapping[str, Any]


def markdown(found: Row) -> str:
    """Both tables, of what is finished."""
    arms: dict[str, list[Row]] = {}
    for family in found["families"]:
        arms.setdefault(family["arm"], []).append(family)
    return page([_costs(arms), _members(arms, found["budgets"])])


def _costs(arms: Mapping[str, Sequence[Row]]) -> str:
    rows: list[dict[str, Any]] = []
    for arm, families in arms.items():
        spent = {name: _mean_of(families, name) for name in families[0]["cost"]}
        total = _mean_of(families, "training", "searching")
        ratio = total / (rows[0]["total"] if rows else total)
        about = {"arm": arm, "seeds": len(families), "total": total, "ratio": ratio}
        rows.append(about | spent)
    return table(
        "Cost of a family (Table 5), core-seconds; images in training, networks scored",
        "arm | seeds | training | searching | total | ratio | images | evaluations",
        "{arm} | {seeds} | {training:,.0f} | {searching:,.0f} | {total:,.0f} | {ratio:.2f} | "
        "{images:,.0f} | {evaluations:,.0f}",
        rows,
    )


def _mean_of(families: Sequence[Row], *keys: str) -> float:
    return stats.summarize([sum(family["cost"][key] for key in keys) for family in families]).mean


def _members(arms: Mapping[str, Sequence[Row]], budgets: Sequence[float]) -> str:
    joint = {family["seed"]: _known(family) for family in next(iter(arms.values()), ())}
    rows = []
    for arm, families in arms.items():
        known = {family["seed"]: _known(family) for family in families}
        if any(known.values()):
            gaps = [_gap(of, joint[seed]) for seed, of in known.items() if seed in joint]
            macs = ", ".join(f"{m['macs'] / 1e6:.2f}" for m in families[0]["members"])
            members = [[of.get(place) for of in known.values()] for place in range(len(budgets))]
            rows.append({"arm": arm, "members": members, "gaps": gaps, "macs": macs})
    heads = " | ".join(f"{budget / 1e6:g}M" for budget in budgets)
    cells = across("{members[%s]:spread}", range(len(budgets)))
    return table(
        "Members retrained, % on the judge images; ± over search seeds",
        f"arm | {heads} | mean minus joint's | M macs (first seed)",
        f"{{arm}} | {cells} | {{gaps:spread}} | {{macs}}",
        rows,
    )


def _known(family: Row) -> dict[int, float]:
    """Mean accuracies of the members that are retrained, by place."""
    judged = (member["accuracies"] for member in family["members"])
    return {place: stats.summarize(each).mean for place, each in enumerate(judged) if each}


def _gap(own: Mapping[int, float], others: Mapping[int, float]) -> float | None:
    gaps = [own[place] - others[place] for place in own if place in others]
    return stats.summarize(gaps).mean if gaps else None
