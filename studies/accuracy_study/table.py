"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from accuracy_study.bases import NATIVE_RESOLUTION
from accuracy_study.results import BATCH
from accuracy_study.setting import FAST
from common.table import across, interval, mean, page, table

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
            shown = [_cells(row) for row in of_base if row["factor"] in (1.0, factor)]
            title = f"{base}, {factor:g} times its macs"
            yield table(title, f"rule | {_HEAD}", f"{{said}} | {_LINE}", shown)


def _cells(row: Row) -> Row:
    """A row with what its cells say beyond its values."""
    named = row["alpha"] is None or row["rule"].startswith("alpha")
    return row | {
        "said": row["rule"] if named else f"{row['rule']} (α = {row['alpha']:.2g})",
        "accuracy": f"{mean(row)} ({len(row['accuracies'])})",
        "step": _ms(row, "training"),
        "inference": _ms(row, "inference"),
        "mib": row["step_bytes"] / MIB,
        "mark": "*" if row["resolution"] > NATIVE_RESOLUTION else "",
        "groups": row["group_width"] or "depthwise",
    }


def _ms(row: Row, quantity: str) -> str:
    """Median, and the quartiles in brackets."""
    found = row["seconds"] and row["seconds"][quantity]
    known = found and {name: found[name] for name in ("median", "low", "high")}
    return interval(known, "{:.3f}", scale=1000)


_HEAD = (
    "accuracy | step, ms | inference, ms | step, MiB | macs | params | activations | pixels | "
    "depths | widths | group width"
)
_LINE = (
    "{accuracy} | {step} | {inference} | {mib:.1f} | {macs:M} | {params:k} | {activations:k} | "
    "{resolution}{mark} | {depths:joined} | {widths:joined} | {groups}"
)


def _against(entries: Sequence[Row]) -> str:
    bases = list(dict.fromkeys(base for entry in entries for base in entry["bases"]))
    rows = [entry | {"of": [entry["bases"].get(base) for base in bases]} for entry in entries]
    return table(
        f"A rule's accuracy minus {FAST}'s, in points, paired by seed (in the last column by base "
        "and seed)",
        f"factor | rule | {across('%s', bases)} | all",
        f"{{factor:g}} | {{rule}} | {across('{of[%s]:points}', range(len(bases)))} | "
        "{all:points}",
        rows,
    )


def _searches(searched: Row) -> str:
    """How the random networks of each search scored, best first."""
    rows = []
    for search in searched["searches"]:
        scores = search["scores"]
        ends = {"num": len(scores), "best": scores[0], "worst": scores[-1]}
        rows.append(search | ends | {"mean": sum(100 * s for s in scores) / len(scores)})
    return table(
        f"Random networks, trained shortly, on the search images (seed {searched['seed']})",
        "space | factor | networks | best | mean | worst | tied | core-seconds",
        "{space} | {factor:g} | {num} | {best:percent} | {mean:.2f} | {worst:percent} | "
        "{num_tied} | {device_seconds:,.0f}",
        rows,
    )


def _searched(searched: Row) -> str:
    return table(
        "The best of each search, and those at the base budget scaled to the target "
        f"(seed {searched['seed']}), trained and judged as the networks above",
        f"space | factor | network | {_HEAD}",
        f"{{base}} | {{factor:g}} | {{said}} | {_LINE}",
        [_cells(row) for row in searched["networks"]],
    )
