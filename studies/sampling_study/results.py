"""What the finished units say, as one value; unfinished ones are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from common.files import SEEDS, plain, read
from common.retraining import retrained
from escalade.core.network import cost
from escalade.core.scaling.ratios import realised
from sampling_study.families import Row, family_members, result_path, rows
from sampling_study.measures import agreement, bin_edges, by_bin, coefficients
from sampling_study.paths import Drawn, stratified
from sampling_study.setting import SAMPLERS, Setting


def supernet_folder(folder: Path, name: str, seed: int) -> Path:
    return folder / "supernets" / f"{name}-seed{seed}"


def to_json(setting: Setting, folder: Path, *, paths: Sequence[Drawn]) -> dict[str, Any]:
    """The result file: everything that the tables show."""
    macs = [drawn.macs for drawn in paths]
    families = [_families(folder, row) for row in rows(setting, table3=True)]
    scores = _scores(folder, setting.num_scaled)
    _, nums = by_bin(macs, [0.0] * len(macs))
    return plain(
        {
            "setting": asdict(setting),
            "supernets": _supernets(folder, setting.num_scaled),
            "bins": {
                "edges": bin_edges(macs).tolist(),
                "num_paths": nums,
                "mean": _each(scores, lambda values: by_bin(macs, values)[0]),
            },
            "against_macs": _each(scores, lambda values: coefficients(values, macs)),
            "alone": _alone(setting, folder, paths, scores),
            "families": [family for row in families for family in row],
        }
    )


def _supernets(folder: Path, num_scaled: int) -> list[dict[str, Any]]:
    found = []
    for name in SAMPLERS:
        for seed in SEEDS:
            at = supernet_folder(folder, f"{name}-m{num_scaled}", seed)
            done = read(at / "supernet.json")
            if done is not None:
                found.append({"sampler": name, "seed": seed} | done)
    return found


def _scores(folder: Path, num_scaled: int) -> dict[str, dict[int, list[float]]]:
    """Accuracies of all paths, by sampler and seed."""
    found: dict[str, dict[int, list[float]]] = {name: {} for name in SAMPLERS}
    for name in SAMPLERS:
        for seed in SEEDS:
            at = supernet_folder(folder, f"{name}-m{num_scaled}", seed)
            done = read(at / "scores.json")
            if done is not None:
                found[name][seed] = done["accuracies"]
    return found


def _each(scores: dict[str, dict[int, list[float]]], of: Any) -> dict[str, dict[int, Any]]:
    return {
        name: {seed: of(values) for seed, values in by_seed.items()}
        for name, by_seed in scores.items()
    }


def _alone(
    setting: Setting,
    folder: Path,
    paths: Sequence[Drawn],
    scores: dict[str, dict[int, list[float]]],
) -> dict[str, Any]:
    """Stand-alone accuracies (means over their seeds) and how supernets agree with them."""
    listed, kept = [], []
    for index in stratified(paths, setting.alone):
        drawn = paths[index]
        accuracies = retrained(folder / "alone", drawn.path.architecture)
        if not accuracies:
            continue
        kept.append(index)
        listed.append(
            {
                "macs": drawn.macs,
                "resolution": drawn.path.architecture.resolution,
                "origin": drawn.origin,
                "accuracies": accuracies,
                "supernets": _each(scores, lambda values, index=index: values[index]),
            }
        )
    found: dict[str, Any] = {"paths": listed, "num": len(listed)}
    if len(kept) >= 3:
        means = [sum(entry["accuracies"]) / len(entry["accuracies"]) for entry in listed]
        macs = [paths[index].macs for index in kept]
        found["agreement"] = _each(
            scores, lambda values: agreement([values[index] for index in kept], means, macs)
        )
    return found


def _families(folder: Path, row: Row) -> list[dict[str, Any]]:
    found = []
    for seed in SEEDS:
        path = result_path(supernet_folder(folder, row.supernet, seed), row)
        members, search = family_members(path), read(path)
        if members is None or search is None:
            continue
        pairs = zip(search["pi"], search["stages"], strict=True)
        base = members[0].architecture
        listed = [
            {
                "stage": member.stage,
                "form": member.form,
                "macs": cost.of(member.architecture).macs,
                "ratios": realised(base, member.architecture).to_json(),
                "resolution": member.architecture.resolution,
                "widths": list(member.architecture.widths),
                "depths": list(member.architecture.depths),
                "accuracies": retrained(folder / "families", member.architecture),
            }
            for member in members
        ]
        found.append(
            asdict(row)
            | {
                "seed": seed,
                "validation": sum(weight * stage["score"] for weight, stage in pairs),
                "evaluations": search["evaluations"],
                "members": listed,
                "not_grown": search["not_grown"],
            }
        )
    return found
