"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from common.lab import stats
from common.statistics import COEFFICIENTS
from common.table import NONE, across, page, spread, table
from sampling_study.families import SEARCHED, TOP
from sampling_study.setting import SAMPLERS

Row = Mapping[str, Any]
Families = Mapping[tuple[str, int, int], Sequence[Row]]
GROWN = ("exponential", "linear", "squared", "compound")
STAGES = range(TOP + 1)


def markdown(found: Row) -> str:
    """All tables, of what is finished."""
    by_row: dict[tuple[str, int, int], list[Row]] = {}  # sampler, M and T
    for family in found["families"]:
        key = (family["sampler"], family["num_scaled"], family["iterations"])
        by_row.setdefault(key, []).append(family)
    parts = [_supernets(found), _bins(found["bins"]), _against_macs(found), _alone(found["alone"])]
    return page([*parts, _families(by_row), *_differences(by_row), _grown(by_row)])


def _supernets(found: Row) -> str:
    head = "sampling | seed | images | core-seconds"
    line = "{sampler} | {seed} | {images:,} | {device_seconds:,.0f}"
    title = "Supernets: equal images seen, not equal compute"
    return table(title, head, line, found["supernets"])


def _bins(bins: Row) -> str:
    """Means over seeds, and differences from the first sampler by the seeds that both have."""
    rows = []
    for k, num in enumerate(bins["num_paths"]):
        by_seed = {n: {s: of[k] for s, of in seeds.items()} for n, seeds in bins["mean"].items()}
        row = {"low": bins["edges"][k] / 1e6, "high": bins["edges"][k + 1] / 1e6, "num": num}
        gaps = {name: _gaps(of, by_seed[SAMPLERS[0]]) for name, of in by_seed.items()}
        rows.append(row | {"mean": by_seed, "gaps": gaps})
    return table(
        "Mean accuracy of paths by macs (Fig. 5), %; ± is the standard error over supernet seeds",
        f"M macs | paths | {across('%s', SAMPLERS)} | {across('%s minus uniform', SAMPLERS[1:])}",
        f"{{low:.2f}} to {{high:.2f}} | {{num}} | {across('{mean[%s]:spread}', SAMPLERS)} | "
        f"{across('{gaps[%s]:spread}', SAMPLERS[1:])}",
        rows if any(bins["mean"].values()) else (),
    )


def _gaps(ones: Mapping[Any, Any], others: Mapping[Any, Any]) -> list[float]:
    """Differences where both are known."""
    pairs = [(ones[key], others[key]) for key in sorted(set(ones) & set(others))]
    return [a - b for a, b in pairs if a is not None and b is not None]


def _against_macs(found: Row) -> str:
    rows = [
        {"name": name, "num": len(of)}
        | {c: [each[c] for each in of.values()] for c in COEFFICIENTS}
        for name, of in found["against_macs"].items()
        if of
    ]
    head, line = across("%s", COEFFICIENTS), across("{%s:spread}", COEFFICIENTS)
    title = "Accuracy of paths against their macs (Table 4), x 100"
    return table(title, f"sampling | seeds | {head}", f"{{name}} | {{num}} | {line}", rows)


def _alone(alone: Row) -> str:
    rows = [
        {"said": said, "name": name, "seed": seed} | both[kind]
        for kind, said in (("raw", "as they are"), ("partial", "without the macs trend"))
        for name, by_seed in alone.get("agreement", {}).items()
        for seed, both in by_seed.items()
    ]
    return table(
        f"Supernet accuracy against stand-alone accuracy of {alone['num']} paths, x 100; "
        "in brackets 95 % over resampled paths",
        f"accuracies | sampling | seed | {across('%s', COEFFICIENTS)}",
        f"{{said}} | {{name}} | {{seed}} | {across('{%s:interval}', COEFFICIENTS)}",
        rows,
    )


def _families(by_row: Families) -> str:
    rows = []
    for (sampler, m, t), families in by_row.items():
        known = [_accuracies(family) for family in families]
        members = [[of.get(stage) for of in known] for stage in STAGES]
        row = {"name": sampler, "M": m, "T": t, "num": len(families), "members": members}
        rows.append(row | {"validation": [family["validation"] for family in families]})
    return table(
        "Families retrained (Table 3), % on the judge images; ± over supernet seeds; "
        "a member beyond M is grown by equation (9), by the linear function where M is 1",
        f"sampling | M | T | searches | validation | {across('s%s', STAGES)}",
        "{name} | {M} | {T} | {num} | {validation:spread} | "
        f"{across('{members[%s]:spread}', STAGES)}",
        rows,
    )


def _accuracies(family: Row) -> dict[int, float]:
    """By stage the mean over the retrainings of the first form that the family has there."""
    found: dict[int, float] = {}
    for form in (SEARCHED, *GROWN):
        for member in family["members"]:
            if member["form"] == form and member["accuracies"]:
                found.setdefault(member["stage"], stats.summarize(member["accuracies"]).mean)
    return found


def _differences(by_row: Families) -> Iterator[str]:
    """A sampler minus uniform, averaged over the members that both have, by supernet seed."""
    for name in SAMPLERS[1:]:
        for (sampler, m, t), families in by_row.items():
            others = {f["seed"]: _accuracies(f) for f in by_row.get((name, m, t), [])}
            shared = [f for f in families if f["seed"] in others and sampler == SAMPLERS[0]]
            gaps = [_gaps(others[f["seed"]], _accuracies(f)) for f in shared]
            if any(gaps):
                said = spread(stats.summarize(each).mean for each in gaps if each)
                yield f"{name.capitalize()} minus uniform, mean over members: {said} points"
                break


def _grown(by_row: Families) -> str:
    rows = [
        {"name": sampler, "T": t, "seed": family["seed"], "form": form, "cells": cells}
        for (sampler, m, t), families in by_row.items()
        for form in GROWN
        for family in families
        if m > 1
        for cells in _grown_cells(family, form)
    ]
    return table(
        f"The grown member s{TOP} by each function (Fig. 7d), %; ± over retrainings",
        "sampling | T | seed | function | depth | width | resolution | M macs | accuracy",
        "{name} | {T} | {seed} | {form} | {cells}",
        rows,
    )


def _grown_cells(family: Row, form: str) -> Iterator[str]:
    """Ratios, macs and accuracy of the grown member, or why the function reaches no network."""
    for member in family["members"]:
        if (member["stage"], member["form"]) == (TOP, form):
            ratios = [f"{member['ratios'][name]:.2f}" for name in ("depth", "width", "resolution")]
            macs = f"{member['macs'] / 1e6:.2f}"
            yield " | ".join([*ratios, macs, spread(member["accuracies"])])
    for missing in family["not_grown"]:
        if (missing["stage"], missing["form"]) == (TOP, form):
            said = f"no such network ({missing['reason'].splitlines()[0]})"
            yield " | ".join([*[NONE] * 4, said])
