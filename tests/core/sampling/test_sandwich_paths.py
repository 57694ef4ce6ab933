from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Hierarchical, Uniform, Window
from escalade.core.sampling.sandwich_paths import STEPS_PER_DRAW, Pair, Sandwich
from escalade.core.space.path import Population
from escalade.spaces.load import load

BUDGETS = (1e6, 2e6, 4e6)


@pytest.fixture(scope="module")
def layers():
    return load("bignas_small").training


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 3 * STEPS_PER_DRAW), min_size=1, max_size=4))
def test_a_steps_paths_do_not_depend_on_the_steps_before(small, steps):
    jumping = Sandwich(small, sampler=Hierarchical(small), seed=1)
    for step in steps:
        fresh = Sandwich(small, sampler=Hierarchical(small), seed=1)
        assert jumping.at(step) == fresh.at(step)


def test_paths_differ_between_steps_blocks_and_seeds(small):
    one, two = (Sandwich(small, sampler=Uniform(small), seed=seed) for seed in (1, 2))
    first = [one.at(step) for step in range(20)]
    keys = [path.key for paths in first for path in paths.all]
    assert len(set(keys)) > 70
    assert first != [two.at(step) for step in range(20)]
    assert first != [one.at(STEPS_PER_DRAW + step) for step in range(20)]


def test_with_a_ladder_the_ends_come_from_the_outer_stages(small):
    sandwich = Sandwich(small, sampler=Hierarchical(small), seed=0)
    last = {tuple(row) for row in small.strategies(2).tolist()}
    found = [sandwich.at(step) for step in range(100)]
    assert {paths.largest.strategy for paths in found} <= last
    assert len({paths.largest.strategy for paths in found}) > 5
    assert {paths.smallest.strategy for paths in found} == {tuple(small.base_triple.tolist())}
    assert len({paths.smallest.genome for paths in found}) > 90


@pytest.mark.parametrize("balance", ["none", "both"])
def test_the_ends_keep_to_the_samplers_window(small, balance):
    window = Window(targets=BUDGETS, factor=1.2, balance=balance)
    sandwich = Sandwich(small, sampler=Hierarchical(small, window=window), seed=0)
    found = [sandwich.at(step) for step in range(200)]
    for name, budget in (("largest", BUDGETS[-1]), ("smallest", BUDGETS[0])):
        macs = _macs(small, [getattr(paths, name) for paths in found])
        assert macs.min() >= budget / 1.2
        assert macs.max() <= budget * 1.2
    free = Sandwich(small, sampler=Hierarchical(small), seed=0)
    macs = _macs(small, [free.at(step).largest for step in range(200)])
    assert (macs > BUDGETS[-1] * 1.2).any()  # the window did something


def test_one_scaling_stage_has_fixed_ends(layers):
    sandwich = Sandwich(layers, sampler=Uniform(layers), seed=0)
    found = [sandwich.at(step) for step in (0, 1, 700)]
    assert len({paths.largest.key for paths in found}) == 1
    assert len({paths.smallest.key for paths in found}) == 1
    random = [path for step in range(100) for path in sandwich.at(step).random]
    macs = _macs(layers, [found[0].smallest, *random, found[0].largest])
    assert macs.argmin() == 0
    assert macs.argmax() == len(macs) - 1
    assert len({path.key for path in random}) == len(random)


def test_the_random_paths_are_the_samplers(small):
    sampler = Uniform(small)
    sandwich = Sandwich(small, sampler=sampler, seed=4, num_random=3)
    drawn = sampler.draw(generator(4, "sandwich", "random", 0), 3 * STEPS_PER_DRAW)
    assert [*sandwich.at(0).random, *sandwich.at(1).random] == small.paths(drawn[:6])


@pytest.mark.parametrize(
    ("num_random", "with_ends", "kinds"),
    [(2, True, "LSRR"), (0, True, "LS"), (1, True, "LSR"), (3, False, "RRR")],
)
def test_the_largest_comes_first(small, num_random, with_ends, kinds):
    sandwich = Sandwich(
        small, sampler=Uniform(small), seed=0, num_random=num_random, with_ends=with_ends
    )
    paths = sandwich.at(5)
    named = {id(paths.largest): "L", id(paths.smallest): "S"}
    assert "".join(named.get(id(path), "R") for path in paths.all) == kinds
    assert sandwich.num_paths == len(kinds)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_random": -1}, "num_random: -1 .* use 0 or more"),
        ({"num_random": 0, "with_ends": False}, "num_random: 0 .* use 1 or more"),
    ],
)
def test_no_path_at_all_is_refused(small, options, message):
    with pytest.raises(ValueError, match=message):
        Sandwich(small, sampler=Uniform(small), seed=0, **options)


def _macs(space, paths):
    genomes = np.array([path.genome for path in paths])
    strategies = np.array([path.strategy for path in paths])
    return space.costs(Population(genomes, strategies))


def test_a_pair_is_the_same_in_every_step(layers):
    base = layers.base_triple
    largest, child = (layers.path(g, base) for g in (layers.largest, layers.smallest))
    pair = Pair(largest=largest, child=child)
    assert pair.at(0) == pair.at(7)
    assert pair.at(3).all == (largest, child)
    assert pair.at(3).largest is largest
    assert (pair.num_paths, pair.with_ends) == (2, True)


def test_a_pair_of_one_network_is_refused(layers):
    path = layers.path(layers.largest, layers.base_triple)
    with pytest.raises(ValueError, match="child: it is the network that teaches"):
        Pair(largest=path, child=path)


def test_choices_that_share_no_weights_make_no_sandwich():
    space = load("scarlet_small")
    with pytest.raises(ValueError, match="scarlet_small choices share none; use fair or single"):
        Sandwich(space, sampler=Uniform(space), seed=0)
    random = Sandwich(space, sampler=Uniform(space), seed=0, num_random=3, with_ends=False)
    assert len(random.at(0).all) == 3
