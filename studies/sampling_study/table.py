"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from common.lab import summarize
from common.statistics import COEFFICIENTS
from common.table import NONE, each, interval, page, spread, table, value
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
    columns = {
        "sampling": value("sampler"),
        "seed": value("seed"),
        "images": value("images", "{:,}"),
        "core-seconds": value("device_seconds", "{:,.0f}"),
    }
    return table("Supernets: equal images seen, not equal compute", columns, found["supernets"])


def _bins(bins: Row) -> str:
    """Means over seeds, and differences from the first sampler by the seeds that both have."""
    means = bins["mean"]

    def edges(k: int) -> str:
        low, high = bins["edges"][k : k + 2]
        return f"{low / 1e6:.2f} to {high / 1e6:.2f}"

    def mean(k: int, name: str) -> str:
        return spread(by_bin[k] for by_bin in means[name].values())

    def gap(k: int, name: str) -> str:
        own, first = means[name], means[SAMPLERS[0]]
        pairs = [(own[seed][k], first[seed][k]) for seed in sorted(set(own) & set(first))]
        return spread(a - b for a, b in pairs if a is not None and b is not None)

    columns = {
        "M macs": edges,
        "paths": lambda k: str(bins["num_paths"][k]),
        **each(SAMPLERS, mean),
        **each(SAMPLERS[1:], gap, "{} minus uniform"),
    }
    return table(
        "Mean accuracy of paths by macs (Fig. 5), %; ± is the standard error over supernet seeds",
        columns,
        range(len(bins["num_paths"])) if any(means.values()) else (),
    )


def _against_macs(found: Row) -> str:
    rows = [
        {"sampling": name, "seeds": len(of), "of": of.values()}
        for name, of in found["against_macs"].items()
        if of
    ]
    columns = each(COEFFICIENTS, lambda row, name: spread(values[name] for values in row["of"]))
    title = "Accuracy of paths against their macs (Table 4), x 100"
    return table(title, each(("sampling", "seeds")) | columns, rows)


def _alone(alone: Row) -> str:
    rows = [
        {"accuracies": said, "sampling": name, "seed": seed} | both[kind]
        for kind, said in (("raw", "as they are"), ("partial", "without the macs trend"))
        for name, by_seed in alone.get("agreement", {}).items()
        for seed, both in by_seed.items()
    ]
    columns = each(COEFFICIENTS, lambda row, name: interval(row[name]))
    return table(
        f"Supernet accuracy against stand-alone accuracy of {alone['num']} paths, x 100; "
        "in brackets 95 % over resampled paths",
        each(("accuracies", "sampling", "seed")) | columns,
        rows,
    )


def _families(by_row: Families) -> str:
    rows = [
        {"sampling": sampler, "M": m, "T": t, "searches": len(families), "of": families}
        for (sampler, m, t), families in by_row.items()
    ]
    return table(
        "Families retrained (Table 3), % on the judge images; ± over supernet seeds; "
        "a member beyond M is grown by equation (9), by the linear function where M is 1",
        {
            **each(("sampling", "M", "T", "searches")),
            "validation": lambda row: spread(family["validation"] for family in row["of"]),
            **each(STAGES, lambda row, j: spread(_accuracy(f, j) for f in row["of"]), "s{}"),
        },
        rows,
    )


def _accuracy(family: Row, stage: int) -> float | None:
    """Mean over the retrainings of the first form that the family has at a stage."""
    for form in (SEARCHED, *GROWN):
        for member in family["members"]:
            if (member["stage"], member["form"]) == (stage, form) and member["accuracies"]:
                return summarize(member["accuracies"]).mean
    return None


def _differences(by_row: Families) -> Iterator[str]:
    """A sampler minus uniform, averaged over the members that both have, by supernet seed."""
    for name in SAMPLERS[1:]:
        for (sampler, *rest), families in by_row.items():
            others = {f["seed"]: f for f in by_row.get((name, *rest), [])}  # type: ignore[call-overload]
            shared = [f for f in families if f["seed"] in others and sampler == SAMPLERS[0]]
            gaps = [gap for f in shared if (gap := _gap(others[f["seed"]], f)) is not None]
            if gaps:
                said = spread(gaps)
                yield f"{name.capitalize()} minus uniform, mean over members: {said} points"
                break


def _gap(first: Row, second: Row) -> float | None:
    pairs = [(_accuracy(first, stage), _accuracy(second, stage)) for stage in STAGES]
    gaps = [a - b for a, b in pairs if a is not None and b is not None]
    return summarize(gaps).mean if gaps else None


def _grown(by_row: Families) -> str:
    rows = [
        {"sampling": sampler, "T": t, "seed": family["seed"], "function": form} | cells
        for (sampler, m, t), families in by_row.items()
        for form in GROWN
        for family in families
        if m > 1
        for cells in _grown_cells(family, form)
    ]
    header = ("sampling", "T", "seed", "function", "depth", "width", "resolution", "M macs")
    return table(
        f"The grown member s{TOP} by each function (Fig. 7d), %; ± over retrainings",
        each((*header, "accuracy")),
        rows,
    )


def _grown_cells(family: Row, form: str) -> Iterator[dict[str, str]]:
    """Ratios, macs and accuracy of the grown member, or why the function reaches no network."""
    dimensions = ("depth", "width", "resolution")
    for member in family["members"]:
        if (member["stage"], member["form"]) == (TOP, form):
            ratios = {name: f"{member['ratios'][name]:.2f}" for name in dimensions}
            macs = f"{member['macs'] / 1e6:.2f}"
            yield ratios | {"M macs": macs, "accuracy": spread(member["accuracies"])}
    for missing in family["not_grown"]:
        if (missing["stage"], missing["form"]) == (TOP, form):
            said = f"no such network ({missing['reason'].splitlines()[0]})"
            yield dict.fromkeys((*dimensions, "M macs"), NONE) | {"accuracy": said}
