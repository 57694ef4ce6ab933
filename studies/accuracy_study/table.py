"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from accuracy_study.bases import NATIVE_RESOLUTION
from accuracy_study.setting import FAST
from accuracy_study.times import BATCH
from common.table import NONE, difference, grid

Row = Mapping[str, Any]
MIB = 2**20
_COSTS = ("step, ms", "inference, ms", "step, MiB", "macs", "params", "activations")
_HEADER = ("rule", "accuracy", *_COSTS, "pixels", "depths", "widths", "group width")


def markdown(found: Mapping[str, Any]) -> str:
    """All tables, of what is finished."""
    if not found["networks"] and not found["searched"]:
        return "No network is trained yet.\n"
    parts = [_conditions(found), *_rules(found["networks"]), _against(found["against"])]
    for each in found["searched"]:
        parts += [_searches(each), _searched(each)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _conditions(found: Mapping[str, Any]) -> str:
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
            yield _networks(f"{base}, {factor:g} times its macs", shown)


def _networks(title: str, rows: Sequence[Row]) -> str:
    return grid(title, _HEADER, [_network(row) for row in rows])


def _network(row: Row) -> list[str]:
    seconds = row["seconds"]
    times = [NONE if seconds is None else _ms(seconds[q]) for q in ("training", "inference")]
    upsampled = "*" if row["resolution"] > NATIVE_RESOLUTION else ""
    return [
        _rule(row),
        accuracy(row),
        *times,
        f"{row['step_bytes'] / MIB:.1f}",
        f"{row['macs'] / 1e6:.2f} M",
        f"{row['params'] / 1e3:.0f} k",
        f"{row['activations'] / 1e3:.0f} k",
        f"{row['resolution']}{upsampled}",
        "-".join(map(str, row["depths"])),
        "-".join(map(str, row["widths"])),
        "depthwise" if row["group_width"] is None else str(row["group_width"]),
    ]


def accuracy(row: Row) -> str:
    """Mean, standard error where there is one, and the number of seeds."""
    error = row["standard_error"]
    spread = "" if error is None else f" ± {100 * error:.2f}"
    return f"{100 * row['mean']:.2f}{spread} ({len(row['accuracies'])})"


def _rule(row: Row) -> str:
    named = row["alpha"] is None or row["rule"].startswith("alpha")
    return row["rule"] if named else f"{row['rule']} (α = {row['alpha']:.2g})"


def _ms(summary: Mapping[str, float]) -> str:
    """Median, and the quartiles in brackets."""
    median, low, high = (1000 * summary[name] for name in ("median", "low", "high"))
    return f"{median:.3f} ({low:.3f} to {high:.3f})"


def _against(entries: Sequence[Row]) -> str:
    if not entries:
        return ""
    bases = list(dict.fromkeys(base for entry in entries for base in entry["bases"]))
    lines = [
        [
            f"{entry['factor']:g}",
            entry["rule"],
            *(difference(entry["bases"].get(base)) for base in bases),
            difference(entry["all"]),
        ]
        for entry in entries
    ]
    return grid(
        f"A rule's accuracy minus {FAST}'s, in points, paired by seed (in the last column by base "
        "and seed)",
        ["factor", "rule", *bases, "all"],
        lines,
    )


def _searches(each: Row) -> str:
    """How the random networks of each search scored, best first."""
    lines = []
    for search in each["searches"]:
        scores = [100 * score for score in search["scores"]]
        lines.append(
            [
                search["space"],
                f"{search['factor']:g}",
                str(len(scores)),
                f"{scores[0]:.2f}",
                f"{sum(scores) / len(scores):.2f}",
                f"{scores[-1]:.2f}",
                str(search["num_tied"]),
                f"{search['device_seconds']:,.0f}",
            ]
        )
    header = ["space", "factor", "networks", "best", "mean", "worst", "tied", "core-seconds"]
    return grid(
        f"Random networks, trained shortly, on the search images (seed {each['seed']})",
        header,
        lines,
    )


def _searched(each: Row) -> str:
    rows = each["networks"]
    lines = [[row["base"], f"{row['factor']:g}", *_network(row)] for row in rows]
    header = ["space", "factor", "network", *_HEADER[1:]]
    return grid(
        "The best of each search, and those at the base budget scaled to the target "
        f"(seed {each['seed']}), trained and judged as the networks above",
        header,
        lines,
    )
