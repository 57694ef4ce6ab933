"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from common.table import NONE, each, interval, page, table
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
    rows = [(entry, share) for entry in entries for share in _SHARES]
    of_paper = "w, dWr, dwr, dw"
    columns = {
        "base": lambda row: row[0]["scope"],
        "rules": lambda row: "all" if row[0]["rules"] == ALL else of_paper,
        "networks": lambda row: str(row[0]["num"]),
        "": lambda row: _SHARES[row[1]],
        **each(COSTS, lambda row, name: _interval(row[0]["costs"][name].get(row[1]))),
    }
    return _table(
        "Pearson's r of seconds an image with each cost; in brackets 95 % over resampled networks",
        columns,
        rows,
    )


def _predictors(entries: Sequence[Row]) -> Sequence[str]:
    """How well models predict, and what an activation and a mac cost in the model of both."""
    if not entries:
        return ()

    def judged(model: str, entry: int) -> str:
        found = entries[entry]["models"][model]
        r = found["r"]["r"]
        return f"{100 * found['error']:.1f} % ({NONE if r is None else f'{r:.3f}'})"

    cells = each(range(len(entries)), judged).values()
    heads = (f"{entry['scope']}, a {entry['left_out']} left out" for entry in entries)
    title = (
        "Sums of costs at fitted prices: median relative error (and r) on networks that the "
        "prices were not fitted to, those of one rule or of one base at a time"
    )
    columns = {"seconds from": str} | dict(zip(heads, cells, strict=True))
    said = []
    for entry in entries:
        if entry["left_out"] == "rule":
            prices = entry["models"]["activations, macs"]["prices"]
            said.append(
                f"{entry['scope']} {1e9 * prices['activations']:.2f} ns an activation and "
                f"{1e12 * prices['macs']:.1f} ps a mac"
            )
    prices_of = f"Prices in the sum of activations and macs: {'; '.join(said)}."
    return _table(title, columns, MODELS), prices_of


_interval = partial(interval, form="{:.3f}", scale=1)
_table = partial(table, rule=" --- ")
