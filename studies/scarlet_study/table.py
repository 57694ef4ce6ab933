"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from common.statistics import against
from common.table import across, page, table
from scarlet_study.setting import FAIR, FLIPS, SINGLE

Row = Mapping[str, Any]
TITLES = {
    "rate": "Learning rates, on short supernets, scored on the search images",
    "identity": "Identities: linear, none, with ReLU (Fig. 1)",
    "folds": "The space in which every identity folds",
    "fairness": "Strict fairness against random paths, at equal passes",
}


def markdown(found: Row) -> str:
    """All tables, of what is finished."""
    parts = [_conditions(found)]
    parts += [_study(TITLES[name], rows) for name, rows in found["studies"].items()]
    parts += [_curves(found["studies"]["identity"])]
    parts += [
        _alone("The paper's random network trained alone (Fig. 4)", found["genome"]),
        _alone("The extremes trained alone (Table 2)", found["extremes"]),
        _folded(found["folded"]),
        _agreement(found),
        _searches("The constraint on the accuracy (Fig. 6)", found["searches"]["constraint"]),
        _searches("Controller and weights", found["searches"]["controller"]),
    ]
    return page(parts)


def _conditions(found: Row) -> str:
    setting, rates = found["setting"], found["rates"]
    return (
        f"Supernets of {setting['epochs']:g} epochs of 13 passes a batch; networks alone of "
        f"{setting['alone_epochs']:g}. Accuracy in %, ± its standard error over seeds. Learning "
        f"rates: fair {rates[FAIR]:g}, single path {rates[SINGLE]:g}, alone "
        f"{setting['alone_rate']:g}. {setting['networks']} random networks, the same for all "
        f"supernets, are judged on {setting['judge_images']:,} images; so are {setting['flipped']} "
        f"others with {', '.join(map(str, FLIPS))} of their layers made identities."
    )


def _study(title: str, rows: Sequence[Row]) -> str:
    shown = []
    for row in rows:
        flipped = {num: [of[str(num)] for of in row["flipped"].values()] for num in FLIPS}
        seconds = np.mean(list(row["device_seconds"].values()))
        shown.append(row | {"flipped": flipped, "seconds": seconds})
    return table(
        title,
        "supernet | mean of networks | deviation between them | worst | best | "
        "mean minus the first's | deviation minus | "
        f"{across('with %s identities', FLIPS)} | images | seconds",
        "{name} | {mean:mean} | {deviation:mean} | {worst:mean} | {best:mean} | "
        "{mean[minus_first]:points} | {deviation[minus_first]:points} | "
        f"{across('{flipped[%s]:spread}', FLIPS)} | {{images:,}} | {{seconds:,.0f}}",
        shown,
    )


def _curves(rows: Sequence[Row]) -> str:
    """Mean and deviation of the random networks while supernets train, means over seeds."""
    lines, heads = [], ""
    for row in rows:
        curves = [curve for curve in row["curves"].values() if curve]
        pairs = [[(at["mean"], at["deviation"]) for at in curve] for curve in curves]
        if pairs:
            points = 100 * np.mean(pairs, axis=0)
            cells = " | ".join(f"{mean:.1f}, {deviation:.1f}" for mean, deviation in points)
            lines.append({"name": row["name"], "cells": cells})
            heads = heads or " | ".join(f"{100 * at['progress']:.0f} %" for at in curves[0])
    title = "Random networks on training images while the supernet trains: mean, deviation (Fig. 1)"
    return table(title, f"supernet | {heads}", "{name} | {cells}", lines)


def _alone(title: str, rows: Sequence[Row]) -> str:
    shown = []
    for row in rows:
        accuracies = row["accuracies"]
        gap = against([accuracies], [rows[0]["accuracies"]])
        shown.append(row | {"num": len(accuracies), "minus_first": gap})
    head = "network | macs | params | accuracy | trainings | minus the first's"
    line = "{name} | {macs:M} | {params:,} | {accuracies:spread} | {num} | {minus_first:points}"
    return table(title, head, line, shown)


def _folded(rows: Sequence[Row]) -> str:
    title = f"Networks with {FLIPS[-1]} identities trained alone, in both spaces"
    line = "{name} | {mean:mean} | {minus_first:points}"
    return table(title, "space | accuracy | minus the first's", line, rows)


def _agreement(found: Row) -> str:
    names = ("spearman", "kendall")
    return table(
        f"Rank correlation with {len(found['ranked'])} networks trained alone, x 100; in brackets "
        "95 % over resampled networks",
        f"supernet | seed | {across('%s', names)} | {across('%s without the macs trend', names)}",
        f"{{name}} | {{seed}} | {across('{agreement[raw][%s]:interval}', names)} | "
        f"{across('{agreement[partial][%s]:interval}', names)}",
        found["agreement"],
    )


def _searches(title: str, rows: Sequence[Row]) -> str:
    """By kind over supernets and searches, paired with the first kind."""
    groups: list[dict[str, Any]] = []
    for name in dict.fromkeys(row["name"] for row in rows):
        of = {100 * row["seed"] + row["search_seed"]: row for row in rows if row["name"] == name}
        volumes = {place: row["generations"][-1]["hypervolume"] for place, row in of.items()}
        ends = np.mean([[_range(row, 0), _range(row, 1)] for row in of.values()], axis=0)
        generations = [row["generations"] for row in of.values()]
        ratios = [[each[at]["identity_ratio"] for at in (0, -1)] for each in generations]
        made = {"name": name, "num": len(of), "volumes": volumes}
        made["evaluated"] = np.mean([each[-1]["evaluated"] for each in generations])
        made["accuracies"], made["macs"] = 100 * (1 - ends[0]), ends[1] / 1e6
        made["ratios"] = 100 * np.mean(ratios, axis=0)
        first = groups[0]["volumes"] if groups else volumes
        groups.append(made | {"minus_first": against([volumes], [first])})
    return table(
        title,
        "search | searches | hypervolume, % | minus the first's | front's accuracy, % | "
        "its M macs | identity ratio, first to last, % | evaluations",
        "{name} | {num} | {volumes:spread} | {minus_first:points} | "
        "{accuracies[1]:.1f} to {accuracies[0]:.1f} | {macs[0]:.2f} to {macs[1]:.2f} | "
        "{ratios[0]:.1f} to {ratios[1]:.1f} | {evaluated:,.0f}",
        groups,
    )


def _range(row: Row, objective: int) -> tuple[float, float]:
    values = [network["values"][objective] for network in row["front"]]
    return min(values), max(values)
