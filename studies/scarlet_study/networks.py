"""The space of a supernet, and which of its networks are scored, searched and trained alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from common.lab import IntArray, Path, Space, generator, load_space
from scarlet_study.setting import FLIPS, SPACE, Setting, Training

# The random network with flipped identities of the paper (section "Equivalent vs Non-equivalent
# Transformation"), and Table 2's extremes as choices of every layer.
PAPERS_GENOME = (1, 3, 1, 0, 12, 0, 0, 0, 12, 12, 12, 12, 12, 0, 0, 0, 12, 12, 9)
EXTREMES = {"all identity": 12, "all K7E6": 10}
PLAINEST = Training(seed=0, epochs=1, learning_rate=1)


def space_of(training: Training) -> Space:
    """The space that a supernet holds."""
    return _space(training.identity, training.folds)


def spread(setting: Setting, training: Training) -> list[Path]:
    """Random networks, the same genomes for every supernet."""
    return list(_spread(setting.networks, training.identity, training.folds))


def flipped(setting: Setting, training: Training) -> dict[int, list[Path]]:
    """Random networks of which 0, 2 and 4 layers at random places are identities, by that number.

    The other layers are the same.
    """
    found = _flipped(setting.flipped, training.identity, training.folds)
    return {num: list(paths) for num, paths in found.items()}


def ranked(setting: Setting, costs: Sequence[int]) -> list[int]:
    """Which of the random networks are trained alone: evenly over their order by cost."""
    places = np.linspace(0, len(costs) - 1, setting.ranked).round().astype(int)
    order = np.argsort(np.asarray(costs), kind="stable")
    return [int(index) for index in order[places]]


def folded(setting: Setting, training: Training) -> list[Path]:
    """Random networks with the most identities, of those that the two spaces make differently."""
    usual, all_fold = (
        flipped(setting, replace(PLAINEST, folds=folds))[FLIPS[-1]] for folds in (False, True)
    )
    pairs = zip(usual, all_fold, strict=True)
    differ = [pair for pair in pairs if pair[0].architecture.key != pair[1].architecture.key]
    return [pair[training.folds] for pair in differ[: setting.folded]]


def genome(identity: str) -> Path:
    """The paper's random network, brought to this space's number of layers."""
    space = _space(identity, False)
    places = np.linspace(0, len(PAPERS_GENOME) - 1, space.num_genes).round().astype(int)
    return space.path(np.array(PAPERS_GENOME)[places], space.base_triple)


def extremes() -> dict[str, Path]:
    """Table 2's networks: the least and the most macs."""
    space = space_of(PLAINEST)
    rows = np.array([[choice] * space.num_genes for choice in EXTREMES.values()])
    return dict(zip(EXTREMES, _paths(space, rows), strict=True))


@cache
def _space(identity: str, folds: bool) -> Space:
    space: Space = load_space(SPACE)
    return space.with_layout(replace(space.layout, identity=identity, folds=folds))


@cache
def _spread(num: int, identity: str, folds: bool) -> tuple[Path, ...]:
    space = _space(identity, folds)
    return _paths(space, space.sample_genomes(generator(0, "scarlet study", "networks"), num))


@cache
def _flipped(num: int, identity: str, folds: bool) -> dict[int, tuple[Path, ...]]:
    space = _space(identity, folds)
    (nothing,) = space.layout.identity_choices
    rng = generator(0, "scarlet study", "flipped")
    bases = rng.integers(0, nothing, (num, space.num_genes))
    orders = np.argsort(rng.random(bases.shape), axis=1)
    found = {}
    for many in FLIPS:
        genomes = bases.copy()
        np.put_along_axis(genomes, orders[:, :many], nothing, axis=1)
        found[many] = _paths(space, genomes)
    return found


def _paths(space: Space, genomes: IntArray) -> tuple[Path, ...]:
    return tuple(space.path(row, space.base_triple) for row in genomes)
