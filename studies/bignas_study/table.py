"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bignas_study.setting import NAMES, SANDWICH, SINGLE
from bignas_study.start import SHOWN
from common.statistics import against
from common.table import NONE, difference, grid, mean_cell
from escalade.core.numbers.statistics import summarize

Row = Mapping[str, Any]
GROUPS = (*NAMES, "all")
SAID = {
    "slices": "the paper's recipe",
    "tuned": "tuned",
    "steady": "best",
    "together": "best, its last fifth together, from labels",
    "distilled": "best, its last fifth together",
    "half": "best, its second half together",
}
TITLES = {
    "rate": "Learning rates, on short supernets, scored on the search images",
    "step": "Sandwich and distillation against single paths",
    "recipe": "The paper's recipe, and what is better at this scale",
    "distillation": "Distillation, and when it begins",
    "paths": "Random paths a step, tuned recipe",
    "stability": "Bounds on the gradients, on short supernets, scored on the search images",
    "initialisation": "Initialisation (Figs. 4, 5)",
    "schedule": "Schedules (Fig. 6)",
    "regularisation": "Regularisation (Fig. 7)",
    "patches": "Patches (section 3.1)",
}


def markdown(found: Mapping[str, Any]) -> str:
    """All tables, of what is finished."""
    parts = [_conditions(found), _slices(found), _others(found.get("others", []))]
    parts.append(_interference(found.get("interference", [])))
    parts += [_study(TITLES[name], rows) for name, rows in found["studies"].items()]
    parts += [
        _start(found["start"]),
        _recalibration(found["recalibration"]),
        _selection(found["selection"]),
    ]
    parts.append(_scalenet(found["scalenet"]))
    return "\n\n".join(part for part in parts if part) + "\n"


def _conditions(found: Mapping[str, Any]) -> str:
    setting, rates = found["setting"], found["rates"]
    said = (
        f"Supernets of {setting['epochs']:g} epochs, networks alone as long; accuracy in %, ± its "
        "standard error over seeds (their number). Learning rates: sandwich "
        f"{rates[SANDWICH]:g}, single path {rates[SINGLE]:g}, alone {setting['alone_rate']:g}. "
        f"{setting['slices']} slices over the range of macs are judged on "
        f"{setting['judge_images']:,} images; small, middle and big are thirds of them."
    )
    if found["pace"] is not None:
        said += f" A sandwich step takes {found['pace']:.2f} single-path steps."
    return said


def _slices(found: Mapping[str, Any]) -> str:
    rows = found["slices"]
    networks = [
        [
            row["name"],
            f"{row['macs'] / 1e6:.2f} M",
            f"{row['params'] / 1e3:.0f} k",
            str(row["resolution"]),
            "-".join(map(str, row["depths"])),
        ]
        for row in rows
    ]
    lines = []
    for kind, said in {**SAID, "alone": "alone"}.items():
        if not any(row[kind] for row in rows):
            continue
        gaps = [row.get(f"{kind}_minus_alone") for row in (*rows, found["all_slices"])]
        lines.append([said, *(_mean(row[kind]) for row in rows), *map(difference, gaps)])
    header = ["supernet", *NAMES, *(f"{name} minus alone" for name in GROUPS)]
    tables = [
        grid("The networks of the budgets", ["", "macs", "params", "pixels", "depths"], networks),
        grid("Their slices against the same networks from scratch (Tables 2, 3)", header, lines),
    ]
    return "\n\n".join(table for table in tables if table)


def _others(rows: Sequence[Row]) -> str:
    lines = [
        [
            row["name"],
            *(_summary(row["groups"][group]) for group in GROUPS),
            difference(row["minus_first"]["all"]),
        ]
        for row in rows
    ]
    header = ["supernet", *GROUPS, "all minus the first's"]
    return grid("The 30 slices when three networks end their training together", header, lines)


def _interference(rows: Sequence[Row]) -> str:
    lines = []
    for row in rows:
        values = [*row["accuracies"], row["slices"]]
        first = [*rows[0]["accuracies"], rows[0]["slices"]]
        gaps = [100 * (value - base) for value, base in zip(values, first, strict=True)]
        cells = [f"{100 * value:.2f}" for value in values]
        if row is not rows[0]:
            cells = [f"{c} ({gap:+.2f})" for c, gap in zip(cells, gaps, strict=True)]
        lines.append([row["name"], *cells])
    header = ["what trains on", *NAMES, "30 slices"]
    return grid("Two more epochs of a finished supernet, seed 0", header, lines)


def _study(title: str, rows: Sequence[Row]) -> str:
    lines = [
        [
            row["name"],
            *(_summary(row["groups"][group]) for group in GROUPS),
            *(difference(row["minus_first"][group]) for group in ("small", "big", "all")),
            f"{row['images']:,}",
            _seconds(row["device_seconds"]),
        ]
        for row in rows
    ]
    header = ["supernet", *GROUPS]
    header += ["small minus the first's", "big minus", "all minus", "images", "device-seconds"]
    return grid(title, header, lines)


def _start(rows: Sequence[Row]) -> str:
    lines = [
        [row["name"], *(f"{loss:.3f}" for loss in row["losses"]), str(row["num"])] for row in rows
    ]
    num = len(rows[0]["losses"]) if rows else 0
    spans = [f"steps {SHOWN * i + 1} to {SHOWN * (i + 1)}" for i in range(num)]
    return grid(
        "The largest path's loss at the start, by what trains with it",
        ["paths", *spans, "seeds"],
        lines,
    )


def _recalibration(rows: Sequence[Row]) -> str:
    lines = [
        [
            row["name"],
            *(_summary(row["groups"][group]) for group in GROUPS),
            f"{100 * row['worst']:.2f}",
            difference(row["minus_usual"]),
        ]
        for row in rows
    ]
    header = ["statistics", *GROUPS, "worst slice", "all minus the usual"]
    return grid("Batch norm statistics", header, lines)


def _selection(rows: Sequence[Row]) -> str:
    """By searcher over supernets and searches, paired with coarse-to-fine."""
    by_name: dict[str, dict[int, Row]] = {}
    for row in rows:
        place = 100 * row["seed"] + row["search_seed"]
        by_name.setdefault(row["searcher"], {})[place] = row
    if not by_name:
        return ""
    first = next(iter(by_name.values()))
    targets = rows[0]["budgets"]
    lines = []
    for name, searches in by_name.items():
        judged = [
            list(each) for each in zip(*(s["judged"] for s in searches.values()), strict=True)
        ]
        means = {place: _average(row["judged"]) for place, row in searches.items()}
        others = {place: _average(row["judged"]) for place, row in first.items()}
        scores = [_average(row["scores"]) for row in searches.values()]
        evaluations = [row["evaluations"] for row in searches.values()]
        lines.append(
            [
                name,
                str(len(searches)),
                *(_spread(values) for values in judged),
                difference(against([means], [others])),
                _spread(scores),
                f"{_average(evaluations):,.0f}",
            ]
        )
    header = ["searcher", "searches", *(f"{target / 1e6:g}M" for target in targets)]
    header += ["mean minus the first's", "mean on the search images", "evaluations"]
    return grid("Selection (Fig. 8): slices chosen, on the judge images", header, lines)


def _scalenet(rows: Sequence[Row]) -> str:
    names = list(dict.fromkeys(row["name"] for row in rows))
    by_name = {name: {r["seed"]: r for r in rows if r["name"] == name} for name in names}
    lines = []
    for name in names:
        of = by_name[name]
        members = zip(*(row["accuracies"] for row in of.values()), strict=True)
        means = {seed: _average(row["accuracies"]) for seed, row in of.items()}
        first = {seed: _average(row["accuracies"]) for seed, row in by_name[names[0]].items()}
        lines.append(
            [
                name,
                *(_spread(list(values)) for values in members),
                difference(against([means], [first])),
                _seconds({seed: row["device_seconds"] for seed, row in of.items()}),
            ]
        )
    num = len(rows[0]["macs"]) if rows else 0
    header = ["family", *(f"s{i}" for i in range(num)), "mean minus the first's", "device-seconds"]
    return grid("A ScaleNet family without retraining", header, lines)


def _mean(values: Mapping[str, float]) -> str:
    return _spread(list(values.values())) if values else NONE


def _spread(values: Sequence[float]) -> str:
    found = summarize(values)
    return _summary(
        {"mean": found.mean, "standard_error": found.standard_error, "num": len(values)}
    )


def _summary(entry: Row) -> str:
    return f"{mean_cell(entry)} ({entry['num']})"


def _average(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _seconds(values: Mapping[Any, float]) -> str:
    return f"{_average(list(values.values())):,.0f}"
