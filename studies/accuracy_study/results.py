"""What the finished trainings and times say, as one value; networks without any are left out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from accuracy_study import search
from accuracy_study.bases import BASES
from accuracy_study.memory import step_bytes
from accuracy_study.setting import ALPHA, FACTORS, FAST, RULES, Setting, networks
from common.alone import described, results
from common.files import SEEDS, once, plain, read
from common.statistics import against, column, summary
from common.times import Scaled, load_times

TIMED, MEMORY, RETRAINED = "timed", "memory", "retrained"
BATCH = 128  # of a training step
_SHOWN = ("training", "inference")

Row = dict[str, Any]


def to_json(setting: Setting, folder: Path) -> Row:
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
            "noise": _noise([row["accuracies"] for row in rows + arms]),
            "networks": rows,
            "against": _against(rows),
            "searched": searched,
        }
    )


def trained(folder: Path) -> list[Scaled]:
    """Every network that has a result."""
    arms = [each for seed in SEEDS for each in search.entries(folder, seed)]
    every = (*networks(FACTORS), *arms)
    return [each for each in every if results(folder / RETRAINED, each.architecture)]


def _noise(accuracies: Iterable[Mapping[int, float]]) -> dict[str, float]:
    """Standard deviation between seeds of one network, pooled over all that have several."""
    several = [list(each.values()) for each in accuracies if len(each) > 1]
    squares = sum(float(np.var(each)) * len(each) for each in several)
    free = sum(len(each) - 1 for each in several)
    return {"seed_deviation": math.sqrt(squares / free) if free else math.nan, "freedom": free}


def _rows(chosen: Iterable[Scaled], folder: Path) -> list[Row]:
    return [row for network in chosen if (row := _row(network, folder)) is not None]


def _row(network: Scaled, folder: Path) -> Row | None:
    architecture = network.architecture
    done = results(folder / RETRAINED, architecture)
    if not done:
        return None
    accuracies = column(done, "accuracy")
    about = summary(accuracies)
    names = ("macs", "params", "activations", "resolution", "widths", "depths")
    times = load_times(network, folder / TIMED)
    memory = folder / MEMORY / f"{architecture.key}.json"
    held = once(memory, lambda: {"bytes": step_bytes(architecture, batch_size=BATCH)})
    return {
        "base": network.base,
        "rule": network.rule,
        "alpha": ALPHA.get(network.rule),
        "factor": network.factor,
        "accuracies": accuracies,
        "mean": about["mean"],
        "standard_error": about["standard_error"],
        **described(architecture, *names),
        "step_bytes": int(held["bytes"]),
        "seconds": times and {quantity: times["seconds"][quantity] for quantity in _SHOWN},
        "load": times and times["load"],
        "device_seconds": list(column(done, "device_seconds").values()),
        "group_width": architecture.stages[0].blocks[0].group_width,
    }


def _against(rows: Sequence[Row]) -> list[Row]:
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
            entry: Row = {"factor": factor, "rule": rule}
            entry["bases"] = {base: against([one], [two]) for base, (one, two) in pairs.items()}
            entry["all"] = against(*zip(*pairs.values(), strict=True))
            found.append(entry)
    return found


def _searched(folder: Path, seed: int) -> Row:
    """The searches of a seed, and the networks that came from them."""
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
            for each in search.searches(seed)
            if (result := each.result(folder))
        ],
        "networks": _rows(search.entries(folder, seed), folder),
    }
