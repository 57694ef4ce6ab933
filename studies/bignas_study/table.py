"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import itemgetter
from typing import Any

from bignas_study.results import GROUPS
from bignas_study.setting import NAMES, SANDWICH, SINGLE
from bignas_study.start import SHOWN
from common.statistics import against, summary
from common.table import NONE, across, counted, page, table

Row = Mapping[str, Any]
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


def markdown(found: Row) -> str:
    """All tables, of what is finished."""
    parts = [_conditions(found), _networks(found["slices"]), _slices(found)]
    parts += [_others(found.get("others", [])), _interference(found.get("interference", []))]
    parts += [_study(TITLES[name], rows) for name, rows in found["studies"].items()]
    parts += [_start(found["start"]), _recalibration(found["recalibration"])]
    return page([*parts, _selection(found["selection"]), _scalenet(found["scalenet"])])


def _conditions(found: Row) -> str:
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


def _networks(rows: Sequence[Row]) -> str:
    line = "{name} | {macs:M} | {params:k} | {resolution} | {depths:joined}"
    title = "The networks of the budgets"
    return table(title, " | macs | params | pixels | depths", line, rows)


def _slices(found: Row) -> str:
    networks = found["slices"]
    every = [*networks, found["all_slices"]]
    rows = [
        {
            "name": said,
            "slices": [_summary(network[kind].values()) for network in networks],
            "gaps": [network.get(f"{kind}_minus_alone") for network in every],
        }
        for kind, said in {**SAID, "alone": "alone"}.items()
        if any(network[kind] for network in networks)
    ]
    head = f"supernet | {across('%s', NAMES)} | {across('%s minus alone', GROUPS)}"
    cells = (
        across("{slices[%s]}", range(len(NAMES))),
        across("{gaps[%s]:points}", range(len(GROUPS))),
    )
    title = "Their slices against the same networks from scratch (Tables 2, 3)"
    return table(title, head, f"{{name}} | {' | '.join(cells)}", rows)


def _others(rows: Sequence[Row]) -> str:
    title = "The 30 slices when three networks end their training together"
    head = f"supernet | {_HEADS} | all minus the first's"
    return table(title, head, f"{{name}} | {_MEANS} | {{minus_first[all]:points}}", rows)


def _interference(rows: Sequence[Row]) -> str:
    lines = []
    for row in rows:
        own, first = ([*each["accuracies"], each["slices"]] for each in (row, rows[0]))
        pairs = zip(own, first, strict=True)
        cells = [
            f"{100 * a:.2f}" + f" ({100 * (a - b):+.2f})" * (row is not rows[0]) for a, b in pairs
        ]
        lines.append({"name": row["name"], "cells": " | ".join(cells)})
    title, head = "Two more epochs of a finished supernet, seed 0", across("%s", NAMES)
    return table(title, f"what trains on | {head} | 30 slices", "{name} | {cells}", lines)


def _study(title: str, rows: Sequence[Row]) -> str:
    return table(
        title,
        f"supernet | {_HEADS} | small minus the first's | big minus | all minus | images | "
        "device-seconds",
        f"{{name}} | {_MEANS} | {across('{minus_first[%s]:points}', ('small', 'big', 'all'))} | "
        "{images:,} | {seconds:,.0f}",
        [row | {"seconds": _mean(row["device_seconds"].values())} for row in rows],
    )


def _start(rows: Sequence[Row]) -> str:
    places = range(len(rows[0]["losses"]) if rows else 0)
    spans = [f"steps {SHOWN * i + 1} to {SHOWN * (i + 1)}" for i in places]
    title = "The largest path's loss at the start, by what trains with it"
    line = f"{{name}} | {across('{losses[%s]:.3f}', places)} | {{num}}"
    return table(title, f"paths | {' | '.join(spans)} | seeds", line, rows)


def _recalibration(rows: Sequence[Row]) -> str:
    head = f"statistics | {_HEADS} | worst slice | all minus the usual"
    line = f"{{name}} | {_MEANS} | {{worst:percent}} | {{minus_usual:points}}"
    return table("Batch norm statistics", head, line, rows)


_HEADS, _MEANS = across("%s", GROUPS), across("{groups[%s]:counted}", GROUPS)


def _selection(rows: Sequence[Row]) -> str:
    """By searcher over supernets and searches, paired with coarse-to-fine."""
    groups = _grouped(
        rows, "searcher", "judged", lambda row: 100 * row["seed"] + row["search_seed"]
    )
    for group in groups:
        group["scores"] = _summary([_mean(row["scores"]) for row in group["rows"]])
        group["evaluations"] = _mean([row["evaluations"] for row in group["rows"]])
    targets = [f"{target / 1e6:g}M" for target in (rows[0]["budgets"] if rows else ())]
    return table(
        "Selection (Fig. 8): slices chosen, on the judge images",
        f"searcher | searches | {' | '.join(targets)} | mean minus the first's | "
        "mean on the search images | evaluations",
        "{name} | {num} | {members} | {minus_first:points} | {scores} | {evaluations:,.0f}",
        groups,
    )


def _scalenet(rows: Sequence[Row]) -> str:
    groups = _grouped(rows, "name", "accuracies", itemgetter("seed"))
    for group in groups:
        group["seconds"] = _mean([row["device_seconds"] for row in group["rows"]])
    members = across("s%s", range(len(rows[0]["macs"]) if rows else 0))
    head = f"family | {members} | mean minus the first's | device-seconds"
    line = "{name} | {members} | {minus_first:points} | {seconds:,.0f}"
    return table("A ScaleNet family without retraining", head, line, groups)


def _grouped(
    rows: Sequence[Row], by: str, what: str, place: Callable[[Row], int]
) -> list[dict[str, Any]]:
    """Rows of one name together: their members, and means minus the first's, paired by place."""
    groups: list[dict[str, Any]] = []
    for name in dict.fromkeys(row[by] for row in rows):
        own = [row for row in rows if row[by] == name]
        members = " | ".join(map(_summary, zip(*(row[what] for row in own), strict=True)))
        means = {place(row): _mean(row[what]) for row in own}
        gap = against([means], [groups[0]["means"] if groups else means])
        made = {"name": name, "num": len(own), "rows": own, "members": members}
        groups.append(made | {"means": means, "minus_first": gap})
    return groups


def _summary(values: Collection[float]) -> str:
    return counted(summary(dict(enumerate(values)))) if values else NONE


def _mean(values: Collection[float]) -> float:
    return sum(values) / len(values)
