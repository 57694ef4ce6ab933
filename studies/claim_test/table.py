"""The result file as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from claim_test.results import is_family

FACTORS = (1.0, 2.0, 4.0, 8.0)
HEADS = ("f_0", "2 f_0", "4 f_0", "8 f_0 (grown)")


def markdown(result: Mapping[str, Any]) -> str:
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
    return "\n\n".join(parts) + "\n"


def _accuracies(found: Sequence[Mapping[str, Any]], best: Mapping[str, str]) -> str:
    rows = []
    for arm in dict.fromkeys(network["arm"] for network in found):
        cells = {n["factor"]: _accuracy(n) for n in found if n["arm"] == arm}
        for factor, cell in cells.items():
            if cell and (is_family(arm) or best.get(f"{factor:g}") == arm):
                cells[factor] = f"**{cell}**"
        rows.append([arm, *(cells.get(factor, "") for factor in FACTORS)])
    return _table(["arm", *HEADS], rows)


def _accuracy(network: Mapping[str, Any]) -> str:
    if network["mean"] is None:
        return ""
    error = network["standard_error"]
    spread = "" if error is None else f" ± {100 * error:.2f}"
    return f"{100 * network['mean']:.2f}{spread} ({len(network['accuracies'])})"


def _comparisons(compared: Sequence[Mapping[str, Any]]) -> str:
    rows = []
    for first, second in dict.fromkeys((c["first"], c["second"]) for c in compared):
        cells = {
            c["factor"]: _difference(c)
            for c in compared
            if (c["first"], c["second"]) == (first, second)
        }
        rows.append(
            [f"{first} − {second}", *(cells.get(factor, "") for factor in (*FACTORS, None))]
        )
    return _table(["", *HEADS, "all"], rows)


def _difference(comparison: Mapping[str, Any]) -> str:
    text = f"{100 * comparison['difference']:+.2f}"
    if comparison["p_value"] is None:
        return text
    error, p_value = comparison["standard_error"], comparison["p_value"]
    return f"{text} ± {100 * error:.2f}, p = {p_value:.2g}"


def _costs(rows: Sequence[Mapping[str, Any]]) -> str:
    heads = ["arm", "supernet", "search", "retraining", "retrainings"]
    names = ("supernet", "search", "retraining", "num_retrained")
    return _table(heads, ([row["arm"], *(f"{row[n]:,.0f}" for n in names)] for row in rows))


def _networks(found: Sequence[Mapping[str, Any]], f_0: int) -> str:
    heads = ["arm", "budget", "macs", "of the budget", "resolution", "stem", "widths", "depths"]
    rows = [
        [
            n["arm"],
            f"{n['factor']:g} f_0",
            f"{n['macs']:,}",
            f"{100 * n['macs'] / (f_0 * n['factor']):.2f} %",
            str(n["resolution"]),
            str(n["stem"]),
            "-".join(map(str, n["widths"])),
            "-".join(map(str, n["depths"])),
        ]
        for n in found
    ]
    return _table(heads, rows)


def _tuned(rows: Sequence[Mapping[str, float]], chosen: float) -> str:
    return _table(
        ["learning rate", "accuracy (%)"],
        (
            [
                f"{row['learning_rate']:g}" + (" (used)" * (row["learning_rate"] == chosen)),
                f"{100 * row['accuracy']:.2f}",
            ]
            for row in rows
        ),
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
