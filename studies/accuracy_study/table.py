"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from accuracy_study.bases import NATIVE_RESOLUTION
from accuracy_study.results import BATCH
from accuracy_study.setting import FAST
from common.table import difference, each, interval, joined, mean_cell, page, table, value

Row = Mapping[str, Any]
MIB = 2**20


def markdown(found: Row) -> str:
    """All tables, of what is finished."""
    if not found["networks"] and not found["searched"]:
        return "No network is trained yet.\n"
    parts = [_conditions(found), *_rules(found["networks"]), _against(found["against"])]
    for searched in found["searched"]:
        parts += [_searches(searched), _searched(searched)]
    return page(parts)


def _conditions(found: Row) -> str:
    setting, noise = found["setting"], found["noise"]
    said = (
        f"Trained from scratch for {setting['epochs']:g} epochs; accuracy (%) on the judge images, "
        "± its standard error over seeds (their number)."
    )
    if noise["seed_deviation"] is not None:
        said += (
            f" Seeds of one network deviate by {100 * noise['seed_deviation']:.2f} points (pooled, "
            f"{noise['freedom']} degrees of freedom)."
        )
    timing = found["timing"]
    if timing is not None:
        said += (
            f" A step is forward, backward and SGD on {BATCH} images in fp32: milliseconds an "
            f"image on {timing['device']} with {timing['threads']} thread"
            f"{'s' * (timing['threads'] != 1)}; mebibytes with weights, gradients and momentum."
        )
    return said


def _rules(rows: Sequence[Row]) -> Iterator[str]:
    """A table for each base and factor; the base stands above its scaled versions."""
    for base in dict.fromkeys(row["base"] for row in rows):
        of_base = [row for row in rows if row["base"] == base]
        for factor in sorted({row["factor"] for row in of_base} - {1.0}) or [1.0]:
            shown = [row for row in of_base if row["factor"] in (1.0, factor)]
            yield table(f"{base}, {factor:g} times its macs", {"rule": _rule} | _NETWORK, shown)


def _rule(row: Row) -> str:
    named = row["alpha"] is None or row["rule"].startswith("alpha")
    return str(row["rule"]) if named else f"{row['rule']} (α = {row['alpha']:.2g})"


def _ms(quantity: str) -> Any:
    """Median, and the quartiles in brackets."""

    def cell(row: Row) -> str:
        found = row["seconds"] and row["seconds"][quantity]
        known = found and {name: found[name] for name in ("median", "low", "high")}
        return interval(known, "{:.3f}", scale=1000)

    return cell


def _pixels(row: Row) -> str:
    return f"{row['resolution']}{'*' if row['resolution'] > NATIVE_RESOLUTION else ''}"


_NETWORK = {
    "accuracy": lambda row: f"{mean_cell(row)} ({len(row['accuracies'])})",
    "step, ms": _ms("training"),
    "inference, ms": _ms("inference"),
    "step, MiB": value("step_bytes", "{:.1f}", scale=1 / MIB),
    "macs": value("macs", "{:.2f} M", scale=1e-6),
    "params": value("params", "{:.0f} k", scale=1e-3),
    "activations": value("activations", "{:.0f} k", scale=1e-3),
    "pixels": _pixels,
    "depths": lambda row: joined(row["depths"]),
    "widths": lambda row: joined(row["widths"]),
    "group width": lambda row: str(row["group_width"] or "depthwise"),
}


def _against(entries: Sequence[Row]) -> str:
    bases = dict.fromkeys(base for entry in entries for base in entry["bases"])
    columns = {
        "factor": value("factor", "{:g}"),
        "rule": value("rule"),
        **each(bases, lambda entry, base: difference(entry["bases"].get(base))),
        "all": lambda entry: difference(entry["all"]),
    }
    return table(
        f"A rule's accuracy minus {FAST}'s, in points, paired by seed (in the last column by base "
        "and seed)",
        columns,
        entries,
    )


def _searches(searched: Row) -> str:
    """How the random networks of each search scored, best first."""

    def score(row: Row, place: str) -> str:
        scores = [100 * score for score in row["scores"]]
        shown = {"best": scores[0], "mean": sum(scores) / len(scores), "worst": scores[-1]}
        return f"{shown[place]:.2f}"

    columns = {
        "space": value("space"),
        "factor": value("factor", "{:g}"),
        "networks": lambda row: str(len(row["scores"])),
        **each(("best", "mean", "worst"), score),
        "tied": value("num_tied"),
        "core-seconds": value("device_seconds", "{:,.0f}"),
    }
    title = "Random networks, trained shortly, on the search images"
    return table(f"{title} (seed {searched['seed']})", columns, searched["searches"])


def _searched(searched: Row) -> str:
    columns = {"space": value("base"), "factor": value("factor", "{:g}"), "network": _rule}
    return table(
        "The best of each search, and those at the base budget scaled to the target "
        f"(seed {searched['seed']}), trained and judged as the networks above",
        columns | _NETWORK,
        searched["networks"],
    )
