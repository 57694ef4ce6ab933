"""Times of scaled networks, each in a file of its own that grows by a round at a time."""

from __future__ import annotations

import gc
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from common import lab
from common.files import Said, read

# A training step and inference at the same batch, and one image alone.
QUANTITIES = ("training", "inference", "latency")
BASE = "base"
_MORE_REPEATS = {"training": 1, "inference": 1, "latency": 5}  # one image is over quickly
_NUM_WARMUP = 1


@dataclass(frozen=True, kw_only=True)
class Scaled:
    """A base network (rule `base`, factor 1) or what a rule and a factor make of it."""

    base: str
    rule: str
    factor: float
    architecture: lab.Architecture

    @property
    def name(self) -> str:
        return f"{self.base}-{self.rule}-{self.factor:g}".replace("/", "_")


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How networks are timed; a folder holds one way only.

    Attributes:
        largest_batch: images in a training step; as few as fit if these do not.
        repeats: timed batches of a network in a round.
        device, threads: where it runs.
    """

    largest_batch: int
    repeats: int
    device: str
    threads: int


def time_all(
    networks: Sequence[Scaled], folder: Path, timing: Timing, *, runtime: lab.Runtime, rounds: int
) -> None:
    """Every round of every network that is not done yet; in each they take turns anew."""
    say = Said()
    for index in range(rounds):
        order = lab.generator(0, "runtime", index).permutation(len(networks))
        for place, which in enumerate(order):
            if rounds_done(networks[which], folder) <= index:
                _time(networks[which], folder, timing, runtime)
                say(f"round {index + 1} of {rounds}: {place + 1} of {len(networks)} networks")


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
    """Batch size, load of the machine and seconds by quantity; None before the first round.

    Seconds are an image's: median and quartiles (`low`, `high`) of all timed batches; `drift` is
    how far the rounds' medians lie apart, the largest over the smallest, minus 1.
    """
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


def _time(network: Scaled, folder: Path, timing: Timing, runtime: lab.Runtime) -> None:
    """Time a network for one more round."""
    path = _path(network, folder)
    known = read(path) or {"key": network.architecture.key, "batch_size": None, "rounds": []}
    found: dict[str, Any] = {"load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None}
    built = lab.build(network.architecture)
    for quantity in QUANTITIES:
        run, size = lab.prepare_timing(
            built,
            network.architecture,
            runtime=runtime,
            batch_size=1 if quantity == "latency" else known["batch_size"],
            train=quantity == "training",
            largest=timing.largest_batch,
        )
        if quantity == "training":
            known["batch_size"] = size
        num = timing.repeats * _MORE_REPEATS[quantity]
        taken = lab.rounds({"": run}, runtime=runtime, num_repeats=num, num_warmup=_NUM_WARMUP)
        found[quantity] = taken[""]
        del run
    gc.collect()
    known["rounds"].append(found)
    lab.write_json(path, known)


def _summary(by_round: Sequence[Sequence[float]], batch_size: int) -> dict[str, float]:
    seconds = lab.summarise_seconds(np.concatenate(by_round) / batch_size)
    medians = [float(np.median(each)) for each in by_round]
    return asdict(seconds) | {"drift": max(medians) / min(medians) - 1}


def _path(network: Scaled, folder: Path) -> Path:
    return folder / "times" / f"{network.name}.json"
