from __future__ import annotations

import numpy as np
import pytest

from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Hierarchical, Uniform, Window
from escalade.spaces.load import load

TARGETS = (0.6e6, 1.2e6, 2.4e6)


@pytest.fixture(scope="module")
def space():
    return load("small", factors=(1.0, 2.0, 4.0), in_channels=1, num_classes=10)


def drawn(space, kind, over, num=4096):
    window = Window(targets=TARGETS, factor=1.5, balance=over)
    return kind(space, window=window).draw(generator(0, "balance"), num)


def spread(values, per_octave):
    """Smallest over largest count of the log-spaced cells, both ends left out."""
    cells = np.floor(np.log2(values) * per_octave).astype(int)
    counts = np.bincount(cells - cells.min())[1:-1]
    return counts.min() / counts.max()


def test_tables_give_what_the_networks_realise(space):
    population = drawn(space, Uniform, "none", num=300)
    networks = [path.architecture for path in space.paths(population)]
    assert space.sides(population).tolist() == [n.resolution for n in networks]
    assert space.depths(population).tolist() == [sum(n.depths) for n in networks]


@pytest.mark.parametrize("kind", [Uniform, Hierarchical])
def test_resolutions_become_even(space, kind):
    before = spread(space.sides(drawn(space, kind, "none")), 2)
    after = spread(space.sides(drawn(space, kind, "resolution")), 2)
    assert before < 0.2 < 0.4 < after


def test_depths_become_even(space):
    before = spread(space.depths(drawn(space, Hierarchical, "none")), 2)
    after = spread(space.depths(drawn(space, Hierarchical, "depth")), 2)
    assert after > 2 * before


def test_both_evens_out_both(space):
    plain, both = drawn(space, Hierarchical, "none"), drawn(space, Hierarchical, "both")
    for values in (space.sides, space.depths):
        assert spread(values(both), 2) > 1.5 * spread(values(plain), 2)


@pytest.mark.parametrize("over", ["resolution", "depth", "both"])
def test_balanced_paths_stay_in_the_window_and_are_drawn_again_equally(space, over):
    first, again = (drawn(space, Uniform, over, num=64) for _ in range(2))
    costs = space.costs(first)
    assert ((costs >= TARGETS[0] / 1.5) & (costs <= TARGETS[-1] * 1.5)).all()
    assert (first.genomes == again.genomes).all()
    assert (first.strategies == again.strategies).all()
    assert len(first) == 64


def test_stages_keep_their_weights(space):
    costs = space.costs(drawn(space, Hierarchical, "resolution", num=3000))
    for target in TARGETS:
        near = (costs >= target / 1.5) & (costs <= target * 1.5)
        assert near.mean() > 1 / 3 - 0.03


def test_a_rare_cell_does_not_repeat_its_few_paths(space):
    population = drawn(space, Hierarchical, "resolution", num=64)
    rows = np.concatenate([population.genomes, population.strategies], axis=1)
    assert len(np.unique(rows, axis=0)) > 56
