"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from common.statistics import against
from common.table import difference, each, interval, mean_cell, page, spread, table, value
from scarlet_study.setting import FAIR, FLIPS, SINGLE

Row = Mapping[str, Any]
TITLES = {
    "rate": "Learning rates, on short supernets, scored on the search images",
    "identity": "Identities: linear, none, with ReLU (Fig. 1)",
    "folds": "The space in which every identity folds",
    "fairness": "Strict fairness against random paths, at equal passes",
}
SHOWN = ("spearman", "kendall")


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
    def measure(row: Row, what: str) -> str:
        return mean_cell(row[what])

    def flipped(row: Row, num: int) -> str:
        return spread(means[str(num)] for means in row["flipped"].values())

    columns = {
        "supernet": value("name"),
        "mean of networks": lambda row: measure(row, "mean"),
        "deviation between them": lambda row: measure(row, "deviation"),
        **each(("worst", "best"), measure),
        "mean minus the first's": lambda row: difference(row["mean"]["minus_first"]),
        "deviation minus": lambda row: difference(row["deviation"]["minus_first"]),
        **each(FLIPS, flipped, "with {} identities"),
        "images": value("images", "{:,}"),
        "seconds": lambda row: f"{np.mean(list(row['device_seconds'].values())):,.0f}",
    }
    return table(title, columns, rows)


def _curves(rows: Sequence[Row]) -> str:
    """Mean and deviation of the random networks while supernets train, means over seeds."""
    curves = {row["name"]: [c for c in row["curves"].values() if c] for row in rows}
    known = {name: of for name, of in curves.items() if of}

    def point(name: str, place: int) -> str:
        pairs = [[curve[place][of] for of in ("mean", "deviation")] for curve in known[name]]
        mean, deviation = 100 * np.mean(pairs, axis=0)
        return f"{mean:.1f}, {deviation:.1f}"

    first = next(iter(known.values()))[0] if known else []
    heads = [f"{100 * each['progress']:.0f} %" for each in first]
    points = each(range(len(first)), point).values()
    return table(
        "Random networks on training images while the supernet trains: mean, deviation (Fig. 1)",
        {"supernet": str} | dict(zip(heads, points, strict=True)),
        known,
    )


def _alone(title: str, rows: Sequence[Row]) -> str:
    columns = {
        "network": value("name"),
        "macs": value("macs", "{:.2f} M", scale=1e-6),
        "params": value("params", "{:,}"),
        "accuracy": lambda row: spread(row["accuracies"].values()),
        "trainings": lambda row: str(len(row["accuracies"])),
        "minus the first's": lambda row: difference(
            against([row["accuracies"]], [rows[0]["accuracies"]])
        ),
    }
    return table(title, columns, rows)


def _folded(rows: Sequence[Row]) -> str:
    columns = {
        "space": value("name"),
        "accuracy": lambda row: mean_cell(row["mean"]),
        "minus the first's": lambda row: difference(row["minus_first"]),
    }
    title = f"Networks with {FLIPS[-1]} identities trained alone, in both spaces"
    return table(title, columns, rows)


def _agreement(found: Row) -> str:
    columns = {
        "supernet": value("name"),
        "seed": value("seed"),
        **each(SHOWN, lambda row, name: interval(row["agreement"]["raw"][name])),
        **each(
            SHOWN,
            lambda row, name: interval(row["agreement"]["partial"][name]),
            "{} without the macs trend",
        ),
    }
    title = (
        f"Rank correlation with {len(found['ranked'])} networks trained alone, x 100; in brackets "
        "95 % over resampled networks"
    )
    return table(title, columns, found["agreement"])


def _searches(title: str, rows: Sequence[Row]) -> str:
    """By kind over supernets and searches, paired with the first kind."""
    by_name: dict[str, dict[int, Row]] = {}
    for row in rows:
        by_name.setdefault(row["name"], {})[100 * row["seed"] + row["search_seed"]] = row

    def volumes(name: str) -> dict[int, float]:
        return {p: row["generations"][-1]["hypervolume"] for p, row in by_name[name].items()}

    def minus_first(name: str) -> str:
        return difference(against([volumes(name)], [volumes(rows[0]["name"])]))

    def ends(name: str, objective: int) -> Any:
        """The least and the largest of a front, means over the searches."""
        of = [[n["values"][objective] for n in row["front"]] for row in by_name[name].values()]
        return np.mean([(min(values), max(values)) for values in of], axis=0)

    def accuracy(name: str) -> str:
        best, worst = 100 * (1 - ends(name, 0))
        return f"{worst:.1f} to {best:.1f}"

    def ratios(name: str) -> str:
        of = [row["generations"] for row in by_name[name].values()]
        pairs = [[g[at]["identity_ratio"] for at in (0, -1)] for g in of]
        return "{:.1f} to {:.1f}".format(*(100 * np.mean(pairs, axis=0)))

    def evaluated(name: str) -> str:
        of = by_name[name].values()
        return f"{np.mean([row['generations'][-1]['evaluated'] for row in of]):,.0f}"

    columns = {
        "search": str,
        "searches": lambda name: str(len(by_name[name])),
        "hypervolume, %": lambda name: spread(volumes(name).values()),
        "minus the first's": minus_first,
        "front's accuracy, %": accuracy,
        "its M macs": lambda name: "{:.2f} to {:.2f}".format(*(ends(name, 1) / 1e6)),
        "identity ratio, first to last, %": ratios,
        "evaluations": evaluated,
    }
    return table(title, columns, by_name)
