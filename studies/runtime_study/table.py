"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from common.table import NONE, across, interval, page, table
from common.times import QUANTITIES
from runtime_study.predictors import MODELS
from runtime_study.results import ALL, COSTS

Row = Mapping[str, Any]
PAPER_R = 0.99  # section 4, of one base scaled by any rule
WHAT = {
    "training": "training step",
    "inference": "inference, the same batch",
    "latency": "latency, one image",
}
_SHARES = {"linear": "r", "log": "r of logarithms", "given_macs": "r of logarithms, given macs"}


def markdown(found: Row) -> str:
    """All tables, of what is finished."""
    if not found["networks"]:
        return "No network is timed yet.\n"
    parts = [_conditions(found)]
    for quantity in QUANTITIES:
        correlations, predictors = (
            [entry for entry in found[name] if entry["quantity"] == quantity]
            for name in ("correlations", "predictors")
        )
        parts += [f"### {WHAT[quantity].capitalize()}", _verdict(correlations)]
        parts += [_correlations(correlations), *_predictors(predictors)]
    return page(parts)


def _conditions(found: Row) -> str:
    setting, rows, noise = found["setting"], found["networks"], found["noise"]
    sizes = sorted({row["batch_size"] for row in rows})
    drift = noise["drift"]["training"]
    load = "" if noise["load"] is None else f"; the machine's load was {noise['load']:.1f} at most"
    return (
        f"{len(rows)} networks from {setting['bases'].replace(',', ', ')} at "
        f"{setting['resolution']} pixels, by {setting['rules'].replace(',', ', ')}, factors "
        f"{setting['factors'].replace(',', ', ')}. {setting['device']}, "
        f"{setting['threads']} threads, {setting['precision']}; training batch "
        f"{' to '.join(map(str, sorted({sizes[0], sizes[-1]})))}. A network's rounds differ by "
        f"{100 * drift['median']:.0f} % (median; worst {100 * drift['worst']:.0f} %) in the "
        f"training step{load}."
    )


def _verdict(entries: Sequence[Row]) -> str:
    """Whether the paper's r >= 0.99 with activations is met, base by base."""
    said = []
    for entry in entries:
        r = {name: entry["costs"][name]["linear"]["r"] for name in COSTS}
        if entry["rules"] == ALL and None not in r.values():
            met = "met" if round(r["activations"], 3) >= PAPER_R else "not met"
            best = max(r, key=lambda name: r[name])
            said.append(
                f"{entry['scope']}: activations {r['activations']:.3f} ({met}), best {best} "
                f"{r[best]:.3f}"
            )
    if not said:
        return ""
    paper = f"The paper's r ≥ {PAPER_R} of runtime with activations for one base"
    return f"{paper}: {'; '.join(said)}."


def _correlations(entries: Sequence[Row]) -> str:
    rows = []
    for entry in entries:
        rules = "all" if entry["rules"] == ALL else "w, dWr, dwr, dw"
        for share, said in _SHARES.items():
            r = {name: _interval(entry["costs"][name].get(share)) for name in COSTS}
            rows.append(entry | {"said": said, "by": rules} | r)
    return table(
        "Pearson's r of seconds an image with each cost; in brackets 95 % over resampled networks",
        f"base | rules | networks |  | {across('%s', COSTS)}",
        f"{{scope}} | {{by}} | {{num}} | {{said}} | {across('{%s}', COSTS)}",
        rows,
        rule=" --- ",
    )


def _predictors(entries: Sequence[Row]) -> Sequence[str]:
    """How well models predict, and what an activation and a mac cost in the model of both."""
    if not entries:
        return ()
    rows = []
    for model in MODELS:
        judged = [entry["models"][model] for entry in entries]
        rs = [NONE if each["r"]["r"] is None else f"{each['r']['r']:.3f}" for each in judged]
        errors = [f"{100 * each['error']:.1f} %" for each in judged]
        cells = [f"{error} ({r})" for error, r in zip(errors, rs, strict=True)]
        rows.append({"model": model, "cells": " | ".join(cells)})
    prices = [
        "{scope} {0:.2f} ns an activation and {1:.1f} ps a mac".format(
            1e9 * of["activations"], 1e12 * of["macs"], scope=entry["scope"]
        )
        for entry in entries
        if entry["left_out"] == "rule"
        for of in [entry["models"]["activations, macs"]["prices"]]
    ]
    heads = [f"{entry['scope']}, a {entry['left_out']} left out" for entry in entries]
    judged_on = table(
        "Sums of costs at fitted prices: median relative error (and r) on networks that the "
        "prices were not fitted to, those of one rule or of one base at a time",
        f"seconds from | {' | '.join(heads)}",
        "{model} | {cells}",
        rows,
        rule=" --- ",
    )
    return judged_on, f"Prices in the sum of activations and macs: {'; '.join(prices)}."


_interval = partial(interval, form="{:.3f}", scale=1)
