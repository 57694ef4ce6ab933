"""What bases reached, set by set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from common.lab import stats
from common.table import page, spread, table

Row = Mapping[str, Any]


def markdown(found: Row) -> str:
    """A table a set."""
    sets: dict[str, list[Row]] = {}
    for each in found["bases"]:
        sets.setdefault(each["set"], []).append(each)
    return page([_reached(name, rows, found["seconds"]) for name, rows in sets.items()])


def _reached(name: str, rows: Sequence[Row], seconds: float) -> str:
    plain = [run["accuracy"] for run in rows[0]["runs"]]
    shown = [_row(each, plain) for each in rows]
    num = rows[0]["runs"][0]["num_images"]
    return table(
        f"{name}, {len(plain)} seeds, {seconds:.0f} seconds of one core, % of {num:,} images",
        "base | macs | activations | parameters | pixels | steps | accuracy | minus plain",
        "{base} | {macs:.2f}M | {activations:.0f}k | {params:.0f}k | {resolution} | {steps:.0f} | "
        "{accuracy} | {gap}",
        shown,
    )


def _row(each: Row, plain: Sequence[float]) -> dict[str, Any]:
    runs = each["runs"]
    reached = [run["accuracy"] for run in runs]
    gaps = [100 * (a - b) for a, b in zip(reached, plain, strict=False)]
    summary = stats.summarize(gaps)
    error = "" if len(gaps) < 2 else f" ± {summary.standard_error:.2f}"
    return {
        "base": each["base"],
        "macs": runs[0]["macs"] / 1e6,
        "activations": runs[0]["activations"] / 1e3,
        "params": runs[0]["params"] / 1e3,
        "resolution": runs[0]["resolution"],
        "steps": sum(run["steps"] for run in runs) / len(runs),
        "accuracy": spread(reached),
        "gap": f"{summary.mean:+.2f}{error}",
    }
