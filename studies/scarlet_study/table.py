"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from common.statistics import against
from common.table import NONE, difference, grid, mean_cell, spread
from scarlet_study.setting import FAIR, FLIPS, SINGLE

Row = Mapping[str, Any]
TITLES = {
    "rate": "Learning rates, on short supernets, scored on the search images",
    "identity": "Identities: linear, none, with ReLU (Fig. 1)",
    "folds": "The space in which every identity folds",
    "fairness": "Strict fairness against random paths, at equal passes",
}
SHOWN = ("spearman", "kendall")


def markdown(found: Mapping[str, Any]) -> str:
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
    return "\n\n".join(part for part in parts if part) + "\n"


def _conditions(found: Mapping[str, Any]) -> str:
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
    lines = []
    for row in rows:
        flipped = row["flipped"].values()
        lines.append(
            [
                row["name"],
                *(mean_cell(row[what]) for what in ("mean", "deviation", "worst", "best")),
                *(difference(row[what]["minus_first"]) for what in ("mean", "deviation")),
                *(spread(means[str(num)] for means in flipped) for num in FLIPS),
                f"{row['images']:,}",
                f"{np.mean(list(row['device_seconds'].values())):,.0f}",
            ]
        )
    header = ["supernet", "mean of networks", "deviation between them", "worst", "best"]
    header += ["mean minus the first's", "deviation minus"]
    header += [f"with {num} identities" for num in FLIPS]
    return grid(title, [*header, "images", "seconds"], lines)


def _curves(rows: Sequence[Row]) -> str:
    """Mean and deviation of the random networks while supernets train, means over seeds."""
    lines = []
    for row in rows:
        curves = [curve for curve in row["curves"].values() if curve]
        if curves:
            points = zip(*curves, strict=True)
            lines.append([row["name"], *(_point(point) for point in points)])
    shares = [f"{100 * p['progress']:.0f} %" for p in curves[0]] if lines else []
    return grid(
        "Random networks on training images while the supernet trains: mean, deviation (Fig. 1)",
        ["supernet", *shares],
        lines,
    )


def _point(point: Iterable[Row]) -> str:
    pairs = [(each["mean"], each["deviation"]) for each in point]
    mean, deviation = 100 * np.mean(pairs, axis=0)
    return f"{mean:.1f}, {deviation:.1f}"


def _alone(title: str, rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    first = rows[0]["accuracies"]
    lines = [
        [
            row["name"],
            f"{row['macs'] / 1e6:.2f} M",
            f"{row['params']:,}",
            spread(row["accuracies"].values()),
            str(len(row["accuracies"])),
            difference(against([row["accuracies"]], [first])),
        ]
        for row in rows
    ]
    header = ["network", "macs", "params", "accuracy", "trainings", "minus the first's"]
    return grid(title, header, lines)


def _folded(rows: Sequence[Row]) -> str:
    lines = [[row["name"], mean_cell(row["mean"]), difference(row["minus_first"])] for row in rows]
    return grid(
        f"Networks with {FLIPS[-1]} identities trained alone, in both spaces",
        ["space", "accuracy", "minus the first's"],
        lines,
    )


def _agreement(found: Mapping[str, Any]) -> str:
    lines = []
    for row in found["agreement"]:
        cells = [
            _interval(row["agreement"][kind][name]) for kind in ("raw", "partial") for name in SHOWN
        ]
        lines.append([row["name"], str(row["seed"]), *cells])
    header = ["supernet", "seed", *SHOWN, *(f"{name} without the macs trend" for name in SHOWN)]
    title = (
        f"Rank correlation with {len(found['ranked'])} networks trained alone, x 100; in brackets "
        "95 % over resampled networks"
    )
    return grid(title, header, lines)


def _interval(entry: Row) -> str:
    if any(value is None for value in entry.values()):
        return NONE
    value, low, high = (100 * float(entry[key]) for key in ("value", "low", "high"))
    return f"{value:.0f} ({low:.0f} to {high:.0f})"


def _searches(title: str, rows: Sequence[Row]) -> str:
    """By kind over supernets and searches, paired with the first kind."""
    by_name: dict[str, dict[int, Row]] = {}
    for row in rows:
        by_name.setdefault(row["name"], {})[100 * row["seed"] + row["search_seed"]] = row
    first = next(iter(by_name.values()), {})
    lines = []
    for name, of in by_name.items():
        ends = [(_range(row, 0), _range(row, 1)) for row in of.values()]
        errors, macs = (np.mean([end[i] for end in ends], axis=0) for i in (0, 1))
        ratios = [[g["identity_ratio"] for g in row["generations"]] for row in of.values()]
        start, last = np.mean([[each[0], each[-1]] for each in ratios], axis=0)
        volumes, others = (_volumes(each) for each in (of, first))
        lines.append(
            [
                name,
                str(len(of)),
                spread(volumes.values()),
                difference(against([volumes], [others])),
                f"{100 * (1 - errors[1]):.1f} to {100 * (1 - errors[0]):.1f}",
                f"{macs[0] / 1e6:.2f} to {macs[1] / 1e6:.2f}",
                f"{100 * start:.1f} to {100 * last:.1f}",
                f"{np.mean([row['generations'][-1]['evaluated'] for row in of.values()]):,.0f}",
            ]
        )
    header = ["search", "searches", "hypervolume, %", "minus the first's", "front's accuracy, %"]
    header += ["its M macs", "identity ratio, first to last, %", "evaluations"]
    return grid(title, header, lines)


def _range(row: Row, objective: int) -> tuple[float, float]:
    values = [network["values"][objective] for network in row["front"]]
    return min(values), max(values)


def _volumes(of: Mapping[int, Row]) -> dict[int, float]:
    return {place: row["generations"][-1]["hypervolume"] for place, row in of.items()}
