"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from bignas_study.results import GROUPS
from bignas_study.setting import NAMES, SANDWICH, SINGLE
from bignas_study.start import SHOWN
from common.statistics import against, summary
from common.table import NONE, counted, difference, each, joined, page, table, value

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
    columns = {
        "": value("name"),
        "macs": value("macs", "{:.2f} M", scale=1e-6),
        "params": value("params", "{:.0f} k", scale=1e-3),
        "pixels": value("resolution"),
        "depths": lambda row: joined(row["depths"]),
    }
    return table("The networks of the budgets", columns, rows)


def _slices(found: Row) -> str:
    rows = found["slices"]
    by_group = dict(zip(GROUPS, (*rows, found["all_slices"]), strict=False))
    said = {**SAID, "alone": "alone"}
    columns = {
        "supernet": lambda kind: said[kind],
        **each(NAMES, lambda kind, name: _spread(by_group[name][kind].values())),
        **each(
            GROUPS,
            lambda kind, name: difference(by_group[name].get(f"{kind}_minus_alone")),
            "{} minus alone",
        ),
    }
    known = [kind for kind in said if any(row[kind] for row in rows)]
    title = "Their slices against the same networks from scratch (Tables 2, 3)"
    return table(title, columns, known)


def _group(row: Row, group: str) -> str:
    return counted(row["groups"][group])


def _minus_first(row: Row, group: str) -> str:
    return difference(row["minus_first"][group])


def _others(rows: Sequence[Row]) -> str:
    minus = each(["all"], _minus_first, "{} minus the first's")
    title = "The 30 slices when three networks end their training together"
    return table(title, {"supernet": value("name"), **each(GROUPS, _group), **minus}, rows)


def _interference(rows: Sequence[Row]) -> str:
    def cell(row: Row, place: int) -> str:
        own, first = ([*each["accuracies"], each["slices"]][place] for each in (row, rows[0]))
        more = "" if row is rows[0] else f" ({100 * (own - first):+.2f})"
        return f"{100 * own:.2f}{more}"

    cells = each(range(len(GROUPS)), cell).values()
    columns = dict(zip((*NAMES, "30 slices"), cells, strict=True))
    title = "Two more epochs of a finished supernet, seed 0"
    return table(title, {"what trains on": value("name")} | columns, rows)


def _study(title: str, rows: Sequence[Row]) -> str:
    columns = {
        "supernet": value("name"),
        **each(GROUPS, _group),
        **each(["small"], _minus_first, "{} minus the first's"),
        **each(["big", "all"], _minus_first, "{} minus"),
        "images": value("images", "{:,}"),
        "device-seconds": lambda row: _average(row["device_seconds"].values(), "{:,.0f}"),
    }
    return table(title, columns, rows)


def _start(rows: Sequence[Row]) -> str:
    num = len(rows[0]["losses"]) if rows else 0
    losses = each(range(num), lambda row, place: f"{row['losses'][place]:.3f}").values()
    spans = [f"steps {SHOWN * i + 1} to {SHOWN * (i + 1)}" for i in range(num)]
    return table(
        "The largest path's loss at the start, by what trains with it",
        {"paths": value("name")} | dict(zip(spans, losses, strict=True)) | {"seeds": value("num")},
        rows,
    )


def _recalibration(rows: Sequence[Row]) -> str:
    columns = {
        "statistics": value("name"),
        **each(GROUPS, _group),
        "worst slice": value("worst", "{:.2f}", scale=100),
        "all minus the usual": lambda row: difference(row["minus_usual"]),
    }
    return table("Batch norm statistics", columns, rows)


def _selection(rows: Sequence[Row]) -> str:
    """By searcher over supernets and searches, paired with coarse-to-fine."""
    by_name = _by_name(rows, "searcher", lambda row: 100 * row["seed"] + row["search_seed"])
    targets = rows[0]["budgets"] if rows else []

    def scores(name: str) -> str:
        return _spread([_mean(row["scores"]) for row in by_name[name].values()])

    def evaluations(name: str) -> str:
        return _average([row["evaluations"] for row in by_name[name].values()], "{:,.0f}")

    columns = {
        "searcher": str,
        "searches": lambda name: str(len(by_name[name])),
        **_members(by_name, "judged", [f"{target / 1e6:g}M" for target in targets]),
        "mean on the search images": scores,
        "evaluations": evaluations,
    }
    return table("Selection (Fig. 8): slices chosen, on the judge images", columns, by_name)


def _scalenet(rows: Sequence[Row]) -> str:
    by_name = _by_name(rows, "name", lambda row: row["seed"])
    num = len(rows[0]["macs"]) if rows else 0

    def seconds(name: str) -> str:
        return _average([row["device_seconds"] for row in by_name[name].values()], "{:,.0f}")

    columns = {
        "family": str,
        **_members(by_name, "accuracies", [f"s{i}" for i in range(num)]),
        "device-seconds": seconds,
    }
    return table("A ScaleNet family without retraining", columns, by_name)


def _by_name(
    rows: Sequence[Row], name: str, place: Callable[[Row], int]
) -> dict[str, dict[int, Row]]:
    found: dict[str, dict[int, Row]] = {}
    for row in rows:
        found.setdefault(row[name], {})[place(row)] = row
    return found


def _members(
    by_name: Mapping[str, Mapping[int, Row]], what: str, heads: Sequence[str]
) -> dict[str, Callable[[str], str]]:
    """Accuracies of every member, and of all of them minus the first's, paired by place."""

    def member(name: str, index: int) -> str:
        return _spread([row[what][index] for row in by_name[name].values()])

    def means(name: str) -> dict[int, float]:
        return {place: _mean(row[what]) for place, row in by_name[name].items()}

    def minus_first(name: str) -> str:
        return difference(against([means(name)], [means(next(iter(by_name)))]))

    cells = each(range(len(heads)), member).values()
    return dict(zip(heads, cells, strict=True)) | {"mean minus the first's": minus_first}


def _spread(values: Collection[float]) -> str:
    return counted(summary(dict(enumerate(values)))) if values else NONE


def _mean(values: Collection[float]) -> float:
    return sum(values) / len(values)


def _average(values: Collection[float], form: str) -> str:
    return form.format(_mean(values))
