"""The result file as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from claim_study.results import is_family
from common.table import difference, each, joined, mean_cell, page, table, value

Row = Mapping[str, Any]
HEADS = {"f_0": 1.0, "2 f_0": 2.0, "4 f_0": 4.0, "8 f_0 (grown)": 8.0}
_plain = partial(table, "", rule=" --- ")


def markdown(result: Row) -> str:
    """Accuracies, paired tests, costs and networks of a result file."""
    setting, found = result["setting"], result["networks"]
    parts = [
        f"# Claim test, base resolution {setting['resolution']}",
        f"f_0 = {result['f_0']:,} macs; every network retrained from scratch for "
        f"{setting['epochs']:g} epochs; accuracy (%) on the judge images, mean ± standard error "
        "(number of seeds). Bold: the best hand rule and the searched families.",
        _accuracies(found, result["best_hand"]),
        "## Searched minus the other arm",
        "Points; two-sided p of a test paired by budget and seed.",
        _comparisons(result["comparisons"]),
        "## Device-seconds",
        "Core-seconds by the clock, over all networks and seeds of an arm; equal networks of two "
        "arms are trained once and counted for both. The supernet is shared by the searched arms. "
        "Other work on the machine makes these numbers larger.",
        _costs(result["costs"]),
        "## Networks",
        _networks(found, result["f_0"]),
    ]
    if result["tuned"]:
        parts += ["## Learning rates: the hand-made base on the search images"]
        parts += [_tuned(result["tuned"], setting["learning_rate"])]
    return page(parts)


def _accuracies(found: Sequence[Row], best: Mapping[str, str]) -> str:
    rows: dict[str, dict[float, str]] = {}
    for network in found:
        arm, factor, cell = network["arm"], network["factor"], ""
        if network["mean"] is not None:
            cell = f"{mean_cell(network)} ({len(network['accuracies'])})"
            if is_family(arm) or best.get(f"{factor:g}") == arm:
                cell = f"**{cell}**"
        rows.setdefault(arm, {})[factor] = cell
    return _by_factor("arm", HEADS, rows)


def _comparisons(compared: Sequence[Row]) -> str:
    rows: dict[str, dict[float | None, str]] = {}
    for entry in compared:
        name = f"{entry['first']} − {entry['second']}"
        rows.setdefault(name, {})[entry["factor"]] = difference(entry)
    return _by_factor("", HEADS | {"all": None}, rows)


def _by_factor(first: str, heads: Mapping[str, Any], rows: Mapping[str, Mapping[Any, str]]) -> str:
    cells = each(heads, lambda row, head: row[1].get(heads[head], ""))
    return _plain({first: lambda row: row[0]} | cells, rows.items())


def _costs(rows: Sequence[Row]) -> str:
    columns = {name: value(name, "{:,.0f}") for name in ("supernet", "search", "retraining")}
    last = {"retrainings": value("num_retrained", "{:,.0f}")}
    return _plain({"arm": value("arm")} | columns | last, rows)


def _networks(found: Sequence[Row], f_0: int) -> str:
    columns = {
        "arm": value("arm"),
        "budget": value("factor", "{:g} f_0"),
        "macs": value("macs", "{:,}"),
        "of the budget": lambda n: f"{100 * n['macs'] / (f_0 * n['factor']):.2f} %",
        "resolution": value("resolution"),
        "stem": value("stem"),
        "widths": lambda n: joined(n["widths"]),
        "depths": lambda n: joined(n["depths"]),
    }
    return _plain(columns, found)


def _tuned(rows: Sequence[Row], chosen: float) -> str:
    def rate(row: Row) -> str:
        return f"{row['learning_rate']:g}" + " (used)" * (row["learning_rate"] == chosen)

    return _plain(
        {"learning rate": rate, "accuracy (%)": value("accuracy", "{:.2f}", scale=100)}, rows
    )
