"""A network's times, in a file of its own that grows by a round at a time."""

from __future__ import annotations

import gc
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common.files import read
from escalade.artefacts.files import write_json
from escalade.evaluate.timing.turns import rounds
from escalade.family.exports.network_times import prepare
from escalade.nets.build import build
from escalade.train.runtime import Runtime
from runtime_study.setting import Scaled, Setting

# A training step and inference at the same batch, and one image alone.
QUANTITIES = ("training", "inference", "latency")
_MORE_REPEATS = {"training": 1, "inference": 1, "latency": 5}  # one image is over quickly
_NUM_WARMUP = 1


@dataclass(frozen=True, kw_only=True)
class Seconds:
    """Seconds an image: median and quartiles of all timed batches.

    `drift` is how far the rounds' medians lie apart: the largest over the smallest, minus 1.
    """

    median: float
    low: float
    high: float
    drift: float


def time_network(network: Scaled, setting: Setting, folder: Path, *, runtime: Runtime) -> None:
    """Time a network for one more round."""
    path = _path(network, folder)
    known = read(path) or {"key": network.architecture.key, "batch_size": None, "rounds": []}
    found: dict[str, Any] = {"load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None}
    built = build(network.architecture)
    for quantity in QUANTITIES:
        run, size = prepare(
            built,
            network.architecture,
            runtime=runtime,
            batch_size=1 if quantity == "latency" else known["batch_size"],
            train=quantity == "training",
            largest=setting.largest_batch,
        )
        if quantity == "training":
            known["batch_size"] = size
        num = setting.repeats * _MORE_REPEATS[quantity]
        taken = rounds({"": run}, runtime=runtime, num_repeats=num, num_warmup=_NUM_WARMUP)
        found[quantity] = taken[""]
        del run
    gc.collect()
    known["rounds"].append(found)
    write_json(path, known)


def rounds_done(network: Scaled, folder: Path) -> int:
    """Rounds there are of a network.

    Raises:
        ValueError: if they are another network's.
    """
    path = _path(network, folder)
    known = read(path)
    if known is None:
        return 0
    if known["key"] != network.architecture.key:
        raise ValueError(f"{path}: times of another network; give another folder with --out")
    return len(known["rounds"])


def load_times(network: Scaled, folder: Path) -> dict[str, Any] | None:
    """Batch size, load of the machine and seconds by quantity; None before the first round."""
    known = read(_path(network, folder))
    if known is None:
        return None
    loads = [each["load"] for each in known["rounds"] if each["load"] is not None]
    sizes = dict.fromkeys(QUANTITIES, known["batch_size"]) | {"latency": 1}
    return {
        "batch_size": known["batch_size"],
        "load": max(loads, default=None),
        "seconds": {q: _summary([e[q] for e in known["rounds"]], sizes[q]) for q in QUANTITIES},
    }


def _summary(by_round: list[list[float]], batch_size: int) -> Seconds:
    values = np.concatenate(by_round) / batch_size
    low, median, high = np.quantile(values, (0.25, 0.5, 0.75))
    medians = [float(np.median(each)) for each in by_round]
    return Seconds(
        median=float(median),
        low=float(low),
        high=float(high),
        drift=max(medians) / min(medians) - 1,
    )


def _path(network: Scaled, folder: Path) -> Path:
    return folder / "times" / f"{network.name}.json"
