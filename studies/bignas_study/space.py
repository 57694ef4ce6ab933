"""The spaces of the supernets, and which of their networks are scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from bignas_study.setting import LADDER_SPACE, Setting, Training
from common import lab
from common.lab import Budget, IntArray, Path, Population, generator, load_space

POOL = 4096
PLAINEST = Training(seed=0, epochs=1, learning_rate=1)


def _budgets(*targets: float, tolerance: float = 0.05) -> tuple[Budget, ...]:
    return tuple(Budget(target, "macs", tolerance) for target in targets)


# Of `NAMES`; the preset's five; and the ladder of the family that needs no retraining.
BUDGETS = _budgets(0.4e6, 1.6e6, 5e6)
SELECTED = _budgets(0.4e6, 0.8e6, 1.6e6, 3.2e6, 5e6)
LADDER = _budgets(0.6e6, 1.2e6, 2.4e6, tolerance=0.02)


def space_of(training: Training) -> Any:
    """The space that a supernet holds."""
    if training.space == LADDER_SPACE:
        factors = [budget.target / LADDER[0].target for budget in LADDER]
        return load_space(LADDER_SPACE, factors=factors)
    space = load_space(training.space)
    if training.transitions:
        return space
    stages = tuple(replace(stage, transition=False) for stage in space.layout.stages)
    return space.with_layout(replace(space.layout, stages=stages))


def spread(setting: Setting, training: Training) -> list[Path]:
    """Networks over the whole range of macs, evenly on a logarithmic scale.

    The same genomes for all supernets of a space, drawn once, at resolutions that were trained and
    at others between them.
    """
    return list(space_of(training).paths(_rows(setting.slices, training.space)))


def budgets_networks() -> list[Path]:
    """A random network for each of the small, middle and big budget, the same always."""
    pool, macs = _pool()
    nearest = [int(np.abs(macs - budget.target).argmin()) for budget in BUDGETS]
    return list(space_of(PLAINEST).paths(pool[np.array(nearest)]))


def ladder_sampler(space: Any, *, factor: float, weights: Sequence[float] | None = None) -> Any:
    """Even over the stages of the ladder, or as weighted, and over resolutions and depths."""
    targets = tuple(budget.target for budget in LADDER)
    window = lab.Window(targets=targets, factor=factor, balance="both")
    return lab.Hierarchical(space, weights=weights or "equal", window=window)


@cache
def _rows(num: int, space: str) -> Population:
    if space == LADDER_SPACE:
        return _ladder_rows(num)
    pool, macs = _pool()
    places = np.geomspace(macs.min(), macs.max(), num)
    nearest = [int(np.abs(np.log(macs / place)).argmin()) for place in places]
    return pool[np.array(nearest)]


def _ladder_rows(num: int) -> Population:
    """As many near each of the ladder's budgets."""
    space, stages = space_of(replace(PLAINEST, space=LADDER_SPACE)), range(len(LADDER))
    parts = []
    for stage in stages:
        only = [float(stage == j) for j in stages]
        rng = generator(0, "bignas study", "ladder", stage)
        sampler = ladder_sampler(space, factor=1.05, weights=only)
        parts.append(sampler.draw(rng, num // len(LADDER)))
    return Population.concatenate(parts)


@cache
def _pool() -> tuple[Population, IntArray]:
    """Random networks from the smallest to the largest, and their macs."""
    space = space_of(PLAINEST)
    genomes = space.layout.sample_spread(generator(0, "bignas study", "slices"), POOL)
    pool = Population(genomes, np.repeat(space.base_triple[None], len(genomes), axis=0))
    return pool, space.costs(pool)
