"""The paths that all supernets are compared on, and which of them are trained from scratch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from escalade.core.network import cost
from escalade.core.numbers.seeds import generator
from escalade.core.space.path import Path
from sampling_study.setting import DRAWING, Setting

SEED = 2022


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
            macs = cost.of(path.architecture).macs
            found.setdefault(path.key, Drawn(path=path, origin=name, macs=macs))
    assert len(found) == setting.paths
    return list(found.values())


def stratified(paths: Sequence[Drawn], num: int) -> list[int]:
    """Indices of `num` paths, one at random out of each of `num` equal shares by macs."""
    order = np.argsort([drawn.macs for drawn in paths], kind="stable")
    rng = generator(SEED, "alone")
    return [int(rng.choice(share)) for share in np.array_split(order, num)]
