"""The paths that all supernets are compared on, by macs, and which are trained from scratch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common.lab import Path, generator, macs
from sampling_study.setting import DRAWING, Setting

SEED = 2022
NUM_BINS = 8


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A path, which sampler drew it, and its macs."""

    path: Path
    origin: str
    macs: int


def draw_paths(setting: Setting) -> list[Drawn]:
    """Distinct paths, half by each sampler; the same for every supernet and every run."""
    found: dict[str, Drawn] = {}
    for number, name in enumerate(DRAWING, start=1):
        sampler = setting.sampler(name, setting.num_scaled)
        drawn = sampler.draw(generator(SEED, "paths", name), 2 * setting.paths)
        for path in sampler.space.paths(drawn):
            if len(found) == setting.paths * number // len(DRAWING):
                break
            each = Drawn(path=path, origin=name, macs=macs(path.architecture))
            found.setdefault(path.key, each)
    assert len(found) == setting.paths
    return list(found.values())


def stratified(paths: Sequence[Drawn], num: int) -> list[int]:
    """Indices of `num` paths, one at random out of each of `num` equal shares by macs."""
    order = np.argsort([drawn.macs for drawn in paths], kind="stable")
    rng = generator(SEED, "alone")
    return [int(rng.choice(share)) for share in np.array_split(order, num)]


def bin_edges(macs: Sequence[int]) -> np.ndarray:
    """Edges of 8 bins of equal width in log macs."""
    return np.geomspace(min(macs), max(macs), NUM_BINS + 1)


def by_bin(macs: Sequence[int], values: Sequence[float]) -> tuple[list[float], list[int]]:
    """Mean value (nan where there is none) and number of values in every bin."""
    inner = bin_edges(macs)[1:-1]
    places = np.searchsorted(inner, np.asarray(macs), side="right")
    nums = np.bincount(places, minlength=NUM_BINS)
    sums = np.bincount(places, weights=np.asarray(values), minlength=NUM_BINS)
    means = np.where(nums > 0, sums / np.maximum(nums, 1), np.nan)
    return means.tolist(), nums.tolist()
