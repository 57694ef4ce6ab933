"""What families and rivals reached, set by set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from common.lab import stats
from common.table import page, spread, table

Row = Mapping[str, Any]
NONE = "-"


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
        "budget | the run's family | plain, with all of the time | family minus plain | "
        "what was found, trained as the family | found minus plain",
        "{budget} | {family} | {plain} | {gap} | {found} | {found_gap}",
        rows,
    )


def _row(budget: str, runs: Sequence[Row], places: Sequence[int]) -> dict[str, str]:
    def mean(run: Row, part: str) -> float:
        return sum(run[part]["members"][i]["accuracy"] for i in places) / len(places)

    family = [mean(run, "family") for run in runs]
    plain = [mean(run, "plain") for run in runs]
    complete = [run for run in runs if run["found"]]
    found = [mean(run, "found") for run in complete]
    return {
        "budget": budget,
        "family": spread(family),
        "plain": spread(plain),
        "gap": _gap(family, plain),
        "found": spread(found) if found else NONE,
        "found_gap": _gap(found, [mean(run, "plain") for run in complete]) if found else NONE,
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
            "contest": _contest(run["family"]["contest"]),
            "parts": ", ".join(
                f"{part} {run['family']['spent'][part]:.0f}"
                for part in parts
                if part in run["family"]["spent"]
            ),
        }
        for run in runs
    ]
    return table(
        "Core-seconds, and the contest: found minus plain, points on the search images",
        "seed | run | of it, by the clock | plain | trained longer by | contest | the family is",
        "{seed} | {run:.0f} | {parts} | {plain:.0f} | {longer:.1f} | {contest}",
        rows,
    )


def _contest(held: Row) -> str:
    num = held["num_images"] * len(held["bouts"])
    gained = sum(b["found"]["num_correct"] - b["plain"]["num_correct"] for b in held["bouts"])
    told = f"{100 * gained / num:+.2f}" if num else NONE
    return f"{told} | {held['kept']}" + (
        f", {held.get('base', 'plain')} by {held['rule']}" if held["kept"] == "plain" else ""
    )
