"""Costs and accuracies of the arms, from their result files (Table 5's form)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from common.table import grid, spread
from escalade.core.numbers.statistics import summarize


def markdown(found: Mapping[str, Any]) -> str:
    """Both tables, of what is finished."""
    parts = [_costs(found), _members(found)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _by_arm(found: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    arms: dict[str, list[Mapping[str, Any]]] = {}
    for family in found["families"]:
        arms.setdefault(family["arm"], []).append(family)
    return arms


def _costs(found: Mapping[str, Any]) -> str:
    arms = _by_arm(found)
    totals = {arm: _mean(families, "training", "searching") for arm, families in arms.items()}
    first = next(iter(totals.values()), 1.0)
    lines = []
    for arm, families in arms.items():
        cells = [f"{_mean(families, key):,.0f}" for key in ("training", "searching")]
        counts = [f"{_mean(families, key):,.0f}" for key in ("images", "evaluations")]
        total, ratio = f"{totals[arm]:,.0f}", f"{totals[arm] / first:.2f}"
        lines.append([arm, str(len(families)), *cells, total, ratio, *counts])
    return grid(
        "Cost of a family (Table 5), core-seconds; images in training, networks scored",
        ["arm", "seeds", "training", "searching", "total", "ratio", "images", "evaluations"],
        lines,
    )


def _mean(families: Sequence[Mapping[str, Any]], *keys: str) -> float:
    return summarize([sum(family["cost"][key] for key in keys) for family in families]).mean


def _members(found: Mapping[str, Any]) -> str:
    budgets = found["budgets"]
    arms = _by_arm(found)
    joint = {f["seed"]: f for f in next(iter(arms.values()), [])}
    lines = []
    for arm, families in arms.items():
        columns = [[_accuracy(f, j) for f in families] for j in range(len(budgets))]
        if not any(value is not None for column in columns for value in column):
            continue
        gaps = [_gap(f, joint[f["seed"]]) for f in families if f["seed"] in joint]
        macs = ", ".join(f"{m['macs'] / 1e6:.2f}" for m in families[0]["members"])
        lines.append([arm, *map(spread, columns), spread(gaps), macs])
    return grid(
        "Members retrained, % on the judge images; ± over search seeds",
        ["arm", *(f"{b / 1e6:g}M" for b in budgets), "mean minus joint's", "M macs (first seed)"],
        lines,
    )


def _accuracy(family: Mapping[str, Any], index: int) -> float | None:
    accuracies = family["members"][index]["accuracies"]
    return summarize(accuracies).mean if accuracies else None


def _gap(family: Mapping[str, Any], joint: Mapping[str, Any]) -> float | None:
    pairs = [(_accuracy(family, j), _accuracy(joint, j)) for j in range(len(joint["members"]))]
    known = [a - b for a, b in pairs if a is not None and b is not None]
    return summarize(known).mean if known else None
