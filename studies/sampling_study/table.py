"""The results as Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from common.table import NONE, grid, spread
from escalade.core.numbers.statistics import summarize
from sampling_study.families import SEARCHED, TOP
from sampling_study.measures import COEFFICIENTS
from sampling_study.setting import SAMPLERS

FORMS = ("exponential", "linear", "squared", "compound")


def markdown(found: Mapping[str, Any]) -> str:
    """All tables, of what is finished."""
    parts = [_supernets(found), _bins(found), _against_macs(found), _alone(found)]
    parts += [_families(found), _grown(found)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _supernets(found: Mapping[str, Any]) -> str:
    lines = [
        [s["sampler"], str(s["seed"]), f"{s['images']:,}", f"{s['device_seconds']:,.0f}"]
        for s in found["supernets"]
    ]
    return grid(
        "Supernets: equal images seen, not equal compute",
        ["sampling", "seed", "images", "core-seconds"],
        lines,
    )


def _bins(found: Mapping[str, Any]) -> str:
    bins = found["bins"]
    means = [bins["mean"][name] for name in SAMPLERS]
    if not any(means):
        return ""
    lines = []
    for k, num in enumerate(bins["num_paths"]):
        low, high = bins["edges"][k : k + 2]
        values = [[by_seed[seed][k] for seed in by_seed] for by_seed in means]
        cells = [f"{low / 1e6:.2f} to {high / 1e6:.2f}", str(num)]
        gaps = [_gaps(first, means[0], k) for first in means[1:]]
        lines.append([*cells, *map(spread, values), *map(spread, gaps)])
    return grid(
        "Mean accuracy of paths by macs (Fig. 5), %; ± is the standard error over supernet seeds",
        ["M macs", "paths", *SAMPLERS, *(f"{name} minus uniform" for name in SAMPLERS[1:])],
        lines,
    )


def _gaps(
    first: Mapping[int, Sequence[float]], second: Mapping[int, Sequence[float]], k: int
) -> list[float]:
    """Differences in bin `k`, by the seeds that both have."""
    pairs = [(first[seed][k], second[seed][k]) for seed in sorted(set(first) & set(second))]
    return [a - b for a, b in pairs if a is not None and b is not None]


def _against_macs(found: Mapping[str, Any]) -> str:
    lines = []
    for name in SAMPLERS:
        by_seed = found["against_macs"][name].values()
        if by_seed:
            cells = [spread(values[c] for values in by_seed) for c in COEFFICIENTS]
            lines.append([name, str(len(by_seed)), *cells])
    return grid(
        "Accuracy of paths against their macs (Table 4), x 100",
        ["sampling", "seeds", *COEFFICIENTS],
        lines,
    )


def _alone(found: Mapping[str, Any]) -> str:
    alone = found["alone"]
    lines = []
    for kind, what in (("raw", "as they are"), ("partial", "without the macs trend")):
        for name in SAMPLERS:
            for seed, both in alone.get("agreement", {}).get(name, {}).items():
                cells = [_with_interval(both[kind][c]) for c in COEFFICIENTS]
                lines.append([what, name, str(seed), *cells])
    return grid(
        f"Supernet accuracy against stand-alone accuracy of {alone['num']} paths, x 100; "
        "in brackets 95 % over resampled paths",
        ["accuracies", "sampling", "seed", *COEFFICIENTS],
        lines,
    )


def _with_interval(entry: Mapping[str, float | None]) -> str:
    if any(value is None or not math.isfinite(value) for value in entry.values()):
        return NONE
    value, low, high = (100 * float(entry[key] or 0) for key in ("value", "low", "high"))
    return f"{value:.0f} ({low:.0f} to {high:.0f})"


def _rows(found: Mapping[str, Any]) -> dict[tuple[str, int, int], list[Mapping[str, Any]]]:
    """Families by sampler, M and T."""
    rows: dict[tuple[str, int, int], list[Mapping[str, Any]]] = {}
    for family in found["families"]:
        key = (family["sampler"], family["num_scaled"], family["iterations"])
        rows.setdefault(key, []).append(family)
    return rows


def _accuracy(family: Mapping[str, Any], stage: int, forms: Sequence[str]) -> float | None:
    """Mean over the retrainings of the first of these forms that the family has at a stage."""
    for form in forms:
        for member in family["members"]:
            if (member["stage"], member["form"]) == (stage, form) and member["accuracies"]:
                return summarize(member["accuracies"]).mean
    return None


def _families(found: Mapping[str, Any]) -> str:
    forms = (SEARCHED, *FORMS)
    lines = []
    for (sampler, num_scaled, iterations), families in _rows(found).items():
        members = [[_accuracy(f, stage, forms) for f in families] for stage in range(TOP + 1)]
        cells = [sampler, str(num_scaled), str(iterations), str(len(families))]
        lines.append([*cells, spread(f["validation"] for f in families), *map(spread, members)])
    text = grid(
        "Families retrained (Table 3), % on the judge images; ± over supernet seeds; "
        "a member beyond M is grown by equation (9), by the linear function where M is 1",
        ["sampling", "M", "T", "searches", "validation", *(f"s{j}" for j in range(TOP + 1))],
        lines,
    )
    notes = [note for name in SAMPLERS[1:] if (note := _difference(found, name))]
    return "\n\n".join([text, *notes])


def _difference(found: Mapping[str, Any], name: str) -> str:
    """A sampler minus uniform, averaged over the members that both have, by supernet seed."""
    rows = _rows(found)
    for (sampler, *rest), families in rows.items():
        others = {f["seed"]: f for f in rows.get((name, *rest), [])}
        if sampler != "uniform":
            continue
        gaps = [_gap(others[f["seed"]], f) for f in families if f["seed"] in others]
        if any(gap is not None for gap in gaps):
            return f"{name.capitalize()} minus uniform, mean over members: {spread(gaps)} points"
    return ""


def _gap(first: Mapping[str, Any], second: Mapping[str, Any]) -> float | None:
    forms, gaps = (SEARCHED, *FORMS), []
    for stage in range(TOP + 1):
        a, b = (_accuracy(family, stage, forms) for family in (first, second))
        if a is not None and b is not None:
            gaps.append(a - b)
    return summarize(gaps).mean if gaps else None


def _grown(found: Mapping[str, Any]) -> str:
    lines = []
    for (sampler, num_scaled, iterations), families in _rows(found).items():
        for form in FORMS:
            for family in families:
                cells = [sampler, str(iterations), str(family["seed"]), form]
                if num_scaled > 1:
                    lines += [[*cells, *rest] for rest in _grown_cells(family, form)]
    return grid(
        f"The grown member s{TOP} by each function (Fig. 7d), %; ± over retrainings",
        ["sampling", "T", "seed", "function", "depth", "width", "resolution", "M macs", "accuracy"],
        lines,
    )


def _grown_cells(family: Mapping[str, Any], form: str) -> Iterator[list[str]]:
    """Ratios, macs and accuracy of the grown member, or why the function reaches no network."""
    for member in family["members"]:
        if (member["stage"], member["form"]) == (TOP, form):
            ratios = [f"{member['ratios'][d]:.2f}" for d in ("depth", "width", "resolution")]
            yield [*ratios, f"{member['macs'] / 1e6:.2f}", spread(member["accuracies"])]
    for missing in family["not_grown"]:
        if (missing["stage"], missing["form"]) == (TOP, form):
            yield [*[NONE] * 4, f"no such network ({missing['reason'].splitlines()[0]})"]
