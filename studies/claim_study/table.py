"""The result file as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from claim_study.results import is_family
from common.table import across, mean, page, points, table

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
            cell = f"{mean(network)} ({len(network['accuracies'])})"
            if is_family(arm) or best.get(f"{factor:g}") == arm:
                cell = f"**{cell}**"
        rows.setdefault(arm, {})[factor] = cell
    return _by_factor("arm", HEADS, rows)


def _comparisons(compared: Sequence[Row]) -> str:
    rows: dict[str, dict[float | None, str]] = {}
    for entry in compared:
        name = f"{entry['first']} − {entry['second']}"
        rows.setdefault(name, {})[entry["factor"]] = points(entry)
    return _by_factor("", HEADS | {"all": None}, rows)


def _by_factor(first: str, heads: Mapping[str, Any], rows: Mapping[str, Mapping[Any, str]]) -> str:
    cells = {name: [of.get(factor, "") for factor in heads.values()] for name, of in rows.items()}
    lines = [{"name": name, "cells": " | ".join(of)} for name, of in cells.items()]
    return _plain(f"{first} | {' | '.join(heads)}", "{name} | {cells}", lines)


def _costs(rows: Sequence[Row]) -> str:
    head = "arm | supernet | search | retraining | retrainings"
    amounts = across("{%s:,.0f}", ("supernet", "search", "retraining", "num_retrained"))
    return _plain(head, f"{{arm}} | {amounts}", rows)


def _networks(found: Sequence[Row], f_0: int) -> str:
    return _plain(
        "arm | budget | macs | of the budget | resolution | stem | widths | depths",
        "{arm} | {factor:g} f_0 | {macs:,} | {share:.2f} % | {resolution} | {stem} | "
        "{widths:joined} | {depths:joined}",
        [n | {"share": 100 * n["macs"] / (f_0 * n["factor"])} for n in found],
    )


def _tuned(rows: Sequence[Row], chosen: float) -> str:
    said = [row | {"used": " (used)" * (row["learning_rate"] == chosen)} for row in rows]
    line = "{learning_rate:g}{used} | {accuracy:percent}"
    return _plain("learning rate | accuracy (%)", line, said)
