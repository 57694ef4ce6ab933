"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from common.table import NONE
from runtime_study.predictors import MODELS
from runtime_study.results import ALL, COSTS
from runtime_study.times import QUANTITIES

PAPER_R = 0.99  # section 4, of one base scaled by any rule
WHAT = {
    "training": "training step",
    "inference": "inference, the same batch",
    "latency": "latency, one image",
}
_SHARES = {"linear": "r", "log": "r of logarithms", "given_macs": "r of logarithms, given macs"}


def markdown(found: Mapping[str, Any]) -> str:
    """All tables, of what is finished."""
    if not found["networks"]:
        return "No network is timed yet.\n"
    parts = [_conditions(found)]
    for quantity in QUANTITIES:
        parts += [_verdict(found, quantity), _correlations(found, quantity)]
        parts.append(_predictors(found, quantity))
    return "\n\n".join(part for part in parts if part) + "\n"


def _conditions(found: Mapping[str, Any]) -> str:
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


def _verdict(found: Mapping[str, Any], quantity: str) -> str:
    """Whether the paper's r >= 0.99 with activations is met, base by base."""
    said = []
    for entry in found["correlations"]:
        if entry["quantity"] == quantity and entry["rules"] == ALL:
            r = {name: entry["costs"][name]["linear"]["r"] for name in COSTS}
            if None not in r.values():
                met = "met" if round(r["activations"], 3) >= PAPER_R else "not met"
                best = max(COSTS, key=lambda name: r[name])
                said.append(
                    f"{entry['scope']}: activations {r['activations']:.3f} ({met}), best {best} "
                    f"{r[best]:.3f}"
                )
    if not said:
        return f"### {WHAT[quantity].capitalize()}"
    return (
        f"### {WHAT[quantity].capitalize()}\n\nThe paper's r ≥ {PAPER_R} of runtime with "
        f"activations for one base: {'; '.join(said)}."
    )


def _correlations(found: Mapping[str, Any], quantity: str) -> str:
    lines = []
    for entry in found["correlations"]:
        if entry["quantity"] != quantity:
            continue
        rules = "all" if entry["rules"] == ALL else "w, dWr, dwr, dw"
        for share, said in _SHARES.items():
            cells = [_interval(entry["costs"][name].get(share)) for name in COSTS]
            lines.append([entry["scope"], rules, str(entry["num"]), said, *cells])
    return _grid(
        "Pearson's r of seconds an image with each cost; in brackets 95 % over resampled networks",
        ["base", "rules", "networks", "", *COSTS],
        lines,
    )


def _predictors(found: Mapping[str, Any], quantity: str) -> str:
    entries = [entry for entry in found["predictors"] if entry["quantity"] == quantity]
    lines = []
    for model in MODELS:
        cells = []
        for entry in entries:
            judged = entry["models"][model]
            r = judged["r"]["r"]
            cells.append(f"{100 * judged['error']:.1f} % ({NONE if r is None else f'{r:.3f}'})")
        lines.append([model, *cells])
    grid = _grid(
        "Sums of costs at fitted prices: median relative error (and r) on networks that the "
        "prices were not fitted to, those of one rule or of one base at a time",
        ["seconds from", *(f"{e['scope']}, a {e['left_out']} left out" for e in entries)],
        lines if entries else [],
    )
    return f"{grid}\n\n{_prices(entries)}" if entries else ""


def _prices(entries: Sequence[Mapping[str, Any]]) -> str:
    """What an activation and a mac cost in the model of both, fitted to all networks."""
    said = []
    for entry in entries:
        if entry["left_out"] == "rule":
            prices = entry["models"]["activations, macs"]["prices"]
            said.append(
                f"{entry['scope']} {1e9 * prices['activations']:.2f} ns an activation and "
                f"{1e12 * prices['macs']:.1f} ps a mac"
            )
    return f"Prices in the sum of activations and macs: {'; '.join(said)}."


def _interval(entry: Mapping[str, float | None] | None) -> str:
    if entry is None or None in entry.values():
        return NONE
    return f"{entry['r']:.3f} ({entry['low']:.3f} to {entry['high']:.3f})"


def _grid(title: str, header: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table under its title; empty without lines."""
    body = ["| " + " | ".join(line) + " |" for line in lines]
    if not body:
        return ""
    head = "| " + " | ".join(header) + " |"
    return "\n".join([f"**{title}**", "", head, "|" + " --- |" * len(header), *body])
