"""What the finished units say, as one value; unfinished ones are left out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from common.alone import accuracies, described
from common.files import SEEDS, plain, read
from common.lab import realised
from common.statistics import agreement, coefficients
from sampling_study import families
from sampling_study.families import supernet_folder
from sampling_study.paths import Drawn, bin_edges, by_bin, stratified
from sampling_study.setting import SAMPLERS, Setting

ALONE, FAMILIES, SCORES = "alone", "families", "scores"
FEWEST_RANKED = 3
Scores = dict[str, dict[int, list[float]]]


def to_json(setting: Setting, folder: Path, *, paths: Sequence[Drawn]) -> dict[str, Any]:
    """The result file: everything that the tables show."""
    costs = [drawn.macs for drawn in paths]
    every = families.rows(setting, table3=True)
    done = _of_supernets(folder, setting.num_scaled, "supernet")
    scored = _of_supernets(folder, setting.num_scaled, SCORES)
    scores = {
        name: {seed: each["accuracies"] for seed, each in of.items()} for name, of in scored.items()
    }
    return plain(
        {
            "setting": asdict(setting),
            "supernets": [
                {"sampler": name, "seed": seed} | each
                for name, of in done.items()
                for seed, each in of.items()
            ],
            "bins": {
                "edges": bin_edges(costs).tolist(),
                "num_paths": by_bin(costs, [0.0] * len(costs))[1],
                "mean": _each(scores, lambda values: by_bin(costs, values)[0]),
            },
            "against_macs": _each(scores, lambda values: coefficients(values, costs)),
            "alone": _alone(setting, folder, paths, scores),
            "families": [
                _family(folder, row, seed, found)
                for row in every
                for seed in SEEDS
                if (found := families.found(folder, row, seed)) is not None
            ],
        }
    )


def _of_supernets(folder: Path, num_scaled: int, name: str) -> dict[str, dict[int, Any]]:
    """A file of every supernet that has it, by sampler and seed."""
    return {
        sampler: {
            seed: done
            for seed in SEEDS
            if (done := read(supernet_folder(folder, sampler, num_scaled, seed) / f"{name}.json"))
        }
        for sampler in SAMPLERS
    }


def _each(scores: Scores, of: Callable[[list[float]], Any]) -> dict[str, dict[int, Any]]:
    return {
        name: {seed: of(values) for seed, values in by_seed.items()}
        for name, by_seed in scores.items()
    }


def _alone(
    setting: Setting, folder: Path, paths: Sequence[Drawn], scores: Scores
) -> dict[str, Any]:
    """Stand-alone accuracies (means over their seeds) and how supernets agree with them."""
    trained = {
        index: list(of.values())
        for index in stratified(paths, setting.alone)
        if (of := accuracies(folder / ALONE, paths[index].path.architecture))
    }
    listed = [
        {
            "macs": paths[index].macs,
            "resolution": paths[index].path.architecture.resolution,
            "origin": paths[index].origin,
            "accuracies": of,
            "supernets": _each(scores, lambda values, index=index: values[index]),  # type: ignore[misc]
        }
        for index, of in trained.items()
    ]
    found: dict[str, Any] = {"paths": listed, "num": len(listed)}
    if len(listed) >= FEWEST_RANKED:
        means = [sum(of) / len(of) for of in trained.values()]
        costs = [paths[index].macs for index in trained]
        found["agreement"] = _each(
            scores, lambda values: agreement([values[index] for index in trained], means, costs)
        )
    return found


def _family(folder: Path, row: families.Row, seed: int, found: dict[str, Any]) -> dict[str, Any]:
    members = families.members(found)
    pairs = zip(found["pi"], found["stages"], strict=True)
    listed = [
        {
            "stage": member.stage,
            "form": member.form,
            **described(member.architecture, "macs", "resolution", "widths", "depths"),
            "ratios": realised(members[0].architecture, member.architecture).to_json(),
            "accuracies": list(accuracies(folder / FAMILIES, member.architecture).values()),
        }
        for member in members
    ]
    return asdict(row) | {
        "seed": seed,
        "validation": sum(weight * stage["score"] for weight, stage in pairs),
        "evaluations": found["evaluations"],
        "members": listed,
        "not_grown": found["not_grown"],
    }
