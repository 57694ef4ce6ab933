"""What families and rivals reached, set by set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from common.lab import stats
from common.table import page, spread, table

Row = Mapping[str, Any]


def markdown(found: Row) -> str:
    """A table a set: accuracies by budget, then what the time went to."""
    sets: dict[str, list[Row]] = {}
    for run in found["runs"]:
        sets.setdefault(run["set"], []).append(run)
    return page(
        [part for name, runs in sets.items() for part in (_reached(name, runs), _time(runs))]
    )


def _reached(name: str, runs: Sequence[Row]) -> str:
    places = range(len(runs[0]["family"]["members"]))
    rows = [
        _row(f"{runs[0]['family']['members'][i]['budget'] / 1e6:g}M", runs, [i]) for i in places
    ]
    rows.append(_row("mean", runs, list(places)))
    return table(
        f"{name}, {len(runs)} seeds, % on images that nothing was tuned on",
        "budget | found by the run | its rival, equally long | the family as kept | "
        "plain, with all of the time | found minus plain | kept minus plain",
        "{budget} | {found} | {rival} | {kept} | {plain} | {gap} | {kept_gap}",
        rows,
    )


def _row(budget: str, runs: Sequence[Row], places: Sequence[int]) -> dict[str, str]:
    def mean(run: Row, part: str, group: str, key: str = "accuracy") -> float:
        return sum(run[part][group][i][key] for i in places) / len(places)

    found = [mean(run, "family", "members") for run in runs]
    kept = [mean(run, "family", "members", "kept") for run in runs]
    plain = [mean(run, "plain", "members") for run in runs]
    return {
        "budget": budget,
        "found": spread(found),
        "rival": spread([mean(run, "family", "rivals") for run in runs]),
        "kept": spread(kept),
        "plain": spread(plain),
        "gap": _gap(found, plain),
        "kept_gap": _gap(kept, plain),
    }


def _gap(own: Sequence[float], others: Sequence[float]) -> str:
    gaps = [100 * (a - b) for a, b in zip(own, others, strict=True)]
    summary = stats.summarize(gaps)
    error = "" if len(gaps) < 2 else f" ± {summary.standard_error:.2f}"
    return f"{summary.mean:+.2f}{error}"


def _time(runs: Sequence[Row]) -> str:
    parts = sorted({part for run in runs for part in run["family"]["spent"]})
    rows = [
        {
            "seed": run["seed"],
            "run": run["family"]["seconds"],
            "plain": run["plain"]["seconds"],
            "longer": run["plain"]["longer"],
            "parts": ", ".join(
                f"{part} {run['family']['spent'][part]:.0f}"
                for part in parts
                if part in run["family"]["spent"]
            ),
        }
        for run in runs
    ]
    return table(
        "Core-seconds",
        "seed | run | of it, by the clock | plain | rivals trained longer by",
        "{seed} | {run:.0f} | {parts} | {plain:.0f} | {longer:.1f}",
        rows,
    )
