"""What the finished trainings and times say, as one value; networks without any are left out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from accuracy_study import search
from accuracy_study.bases import BASES
from accuracy_study.setting import ALPHA, FACTORS, FAST, RULES, Setting, networks
from accuracy_study.times import step_bytes
from common.files import SEEDS, plain, read
from common.retraining import Unit
from common.statistics import against
from escalade.core.network import cost
from escalade.core.numbers.statistics import summarize
from runtime_study.setting import Scaled
from runtime_study.times import load_times

TIMED, MEMORY, RETRAINED = "timed", "memory", "retrained"
_SHOWN = ("training", "inference")

Row = dict[str, Any]


def to_json(setting: Setting, folder: Path) -> dict[str, Any]:
    """The result file: everything that the tables and pictures show."""
    rows = _rows(networks(FACTORS), folder)
    searched = [
        _searched(folder, seed)
        for seed in SEEDS
        if any(each.result(folder) for each in search.searches(seed))
    ]
    arms = [row for each in searched for row in each["networks"]]
    return plain(
        {
            "setting": asdict(setting),
            "timing": read(folder / TIMED / "setting.json"),
            "noise": noise([row["accuracies"] for row in rows + arms]),
            "networks": rows,
            "against": _against(rows),
            "searched": searched,
        }
    )


def trained(folder: Path) -> list[Scaled]:
    """Every network that has a result."""
    arms = [each for seed in SEEDS for each in search.entries(folder, seed)]
    return [each for each in (*networks(FACTORS), *arms) if _results(each, folder)]


def noise(accuracies: Iterable[dict[int, float]]) -> dict[str, float]:
    """Standard deviation between seeds of one network, pooled over all that have several."""
    several = [list(each.values()) for each in accuracies if len(each) > 1]
    squares = sum(float(np.var(each)) * len(each) for each in several)
    free = sum(len(each) - 1 for each in several)
    return {"seed_deviation": math.sqrt(squares / free) if free else math.nan, "freedom": free}


def _rows(chosen: Iterable[Scaled], folder: Path) -> list[Row]:
    return [row for network in chosen if (row := _row(network, folder)) is not None]


def _row(network: Scaled, folder: Path) -> Row | None:
    architecture = network.architecture
    done = _results(network, folder)
    if not done:
        return None
    accuracies = {seed: float(result["accuracy"]) for seed, result in done.items()}
    times = load_times(network, folder / TIMED)
    return {
        "base": network.base,
        "rule": network.rule,
        "alpha": ALPHA.get(network.rule),
        "factor": network.factor,
        "accuracies": accuracies,
        "mean": summarize(list(accuracies.values())).mean,
        "standard_error": summarize(list(accuracies.values())).standard_error,
        **asdict(cost.of(architecture)),
        "step_bytes": step_bytes(network, folder / MEMORY),
        "seconds": None if times is None else {q: asdict(times["seconds"][q]) for q in _SHOWN},
        "load": None if times is None else times["load"],
        "device_seconds": [result["device_seconds"] for result in done.values()],
        "resolution": architecture.resolution,
        "widths": architecture.widths,
        "depths": architecture.depths,
        "group_width": architecture.stages[0].blocks[0].group_width,
    }


def _results(network: Scaled, folder: Path) -> dict[int, dict[str, Any]]:
    """Finished trainings by seed."""
    units = [Unit(architecture=network.architecture, seed=seed) for seed in SEEDS]
    found = {unit.seed: unit.result(folder / RETRAINED) for unit in units}
    return {seed: result for seed, result in found.items() if result is not None}


def _against(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Every rule minus dWr at each factor: of each base, and over both where both are there."""
    known = {(row["base"], row["factor"], row["rule"]): row["accuracies"] for row in rows}
    found = []
    for factor in FACTORS:
        for rule in RULES:
            pairs = {
                base: (known[base, factor, rule], known[base, factor, FAST])
                for base in BASES
                if {(base, factor, rule), (base, factor, FAST)} <= known.keys()
            }
            if rule == FAST or not pairs:
                continue
            entry: dict[str, Any] = {"factor": factor, "rule": rule}
            entry["bases"] = {base: against([one], [two]) for base, (one, two) in pairs.items()}
            entry["all"] = against(*zip(*pairs.values(), strict=True))
            found.append(entry)
    return found


def _searched(folder: Path, seed: int) -> dict[str, Any]:
    """The searches of a seed, and the networks that came from them."""
    done = [(each, result) for each in search.searches(seed) if (result := each.result(folder))]
    return {
        "seed": seed,
        "searches": [
            {
                "space": each.space,
                "factor": each.factor,
                "scores": [model["score"] for model in result["models"]],
                "num_tied": result["num_tied"],
                "device_seconds": result["device_seconds"],
            }
            for each, result in done
        ],
        "networks": _rows(search.entries(folder, seed), folder),
    }
