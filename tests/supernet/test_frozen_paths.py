"""Paths scored together against each of them alone, to the last bit."""

from __future__ import annotations

import weakref
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch

from escalade.core.network.architecture import Architecture
from escalade.core.space.space import Space
from escalade.spaces.load import load
from escalade.supernet import frozen
from escalade.supernet.frozen import freeze
from escalade.supernet.functional import run
from escalade.supernet.make import make_supernet
from escalade.supernet.path_tree import plant
from escalade.supernet.shared_weights import SharedWeights

SPACES = ("small", "bignas_small", "scarlet_small", "scarlet_small_folds")


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("most_kept", [frozen.MOST_KEPT, 3000, 0])
def test_together_is_alone_to_the_last_bit(name: str, most_kept: int) -> None:
    space = load(name, factors=(1.0, 2.0), in_channels=1, num_classes=5)
    check(supernet_of(space), alike(space), most_kept=most_kept)


def test_both_sides_of_a_coupled_supernet() -> None:
    space = load("small", factors=(1.0, 2.0), in_channels=1, num_classes=5)
    check(supernet_of(space, coupled=True), alike(space), most_kept=frozen.MOST_KEPT)


def check(supernet: SharedWeights, groups: Sequence[list[Architecture]], *, most_kept: int) -> None:
    for architectures in groups:
        batches = images(architectures[0].resolution)
        together = freeze(supernet, architectures, batches, most_kept=most_kept)
        assert max(root.kept for root in together.roots) <= most_kept
        for architecture, logits in zip(architectures, together(batches[0]), strict=True):
            (alone,) = freeze(supernet, [architecture], batches)(batches[0])
            assert torch.equal(logits, alone)


def test_what_is_shared_runs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    space = load("small", factors=(1.0, 2.0), in_channels=1, num_classes=5)
    supernet, (architectures, *_) = supernet_of(space), alike(space)
    batches = images(architectures[0].resolution)
    runs = {num: parts_run(monkeypatch, supernet, architectures[:num], batches) for num in (1, 6)}
    assert runs[1] < runs[6] < 4 * runs[1]
    apart = freeze(supernet, architectures[:6], batches, most_kept=0)
    assert len(apart.roots) == 6


def parts_run(
    monkeypatch: pytest.MonkeyPatch,
    supernet: SharedWeights,
    architectures: list[Architecture],
    batches: list[torch.Tensor],
) -> int:
    """Parts that run in one walk."""
    ready, calls = freeze(supernet, architectures, batches), []

    def counted(*args: Any, **kwargs: Any) -> torch.Tensor:
        calls.append(None)
        return run(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(frozen, "run", counted)
        ready(batches[0])
    return len(calls)


def test_a_walk_keeps_what_the_tree_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside what runs, outputs of forks are alive, and no others."""
    space = load("small", factors=(1.0, 2.0), in_channels=1, num_classes=5)
    supernet, (architectures, *_) = supernet_of(space), alike(space)
    batches = images(architectures[0].resolution)
    ready = freeze(supernet, architectures, batches)
    alive, most = dict[int, int](), [0]

    def watched(x: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        waiting = sum(alive.values()) - alive.get(id(x), 0)
        most.append(waiting)
        y = run(x, *args, **kwargs)
        if y is not x:
            alive[id(y)] = y[0].numel()
            weakref.finalize(y, alive.pop, id(y))
        return y

    with monkeypatch.context() as patch:
        patch.setattr(frozen, "run", watched)
        ready(batches[0])
    (root,) = ready.roots
    assert 0 < max(most) <= root.kept + root.size


def test_equal_networks_end_with_one_node() -> None:
    space = load("small", factors=(1.0, 2.0), in_channels=1, num_classes=5)
    (architecture, *_), *_ = alike(space)
    (root,) = plant(supernet_of(space), [architecture] * 2, most_kept=0)
    assert [node.paths for node in root.all() if node.paths] == [[0, 1]]


def alike(space: Space, num: int = 2) -> list[list[Architecture]]:
    """Networks that begin alike, by resolution: genomes that differ in one gene each."""
    rng = np.random.default_rng(0)
    strategies = space.all_strategies
    found: dict[int, dict[str, Architecture]] = defaultdict(dict)
    for genome in space.sample_genomes(rng, num):
        for strategy in strategies[rng.integers(0, len(strategies), 3)]:
            for gene in range(space.num_genes - 1, -1, -2):
                other = genome.copy()
                other[gene] = rng.integers(0, space.genes[gene].num_choices)
                path = space.path(space.repair(other[None])[0], strategy)
                found[path.running.resolution][path.key] = path.running
    return [list(some.values())[:8] for some in found.values()][:3]


def supernet_of(space: Space, *, coupled: bool = False) -> SharedWeights:
    torch.manual_seed(0)
    supernet = make_supernet(space.shape, coupled=coupled)
    with torch.no_grad():  # so that scales and shifts of different channels differ
        for parameter in supernet.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.3 * torch.randn_like(parameter))
    return supernet


def images(side: int) -> list[torch.Tensor]:
    torch.manual_seed(1)
    return [torch.randn(4, 1, side, side).to(memory_format=torch.channels_last) for _ in range(2)]
