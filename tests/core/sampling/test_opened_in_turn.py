"""Choices that open in turn: what is not open yet is whole, and trains no longer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import generator
from escalade.core.sampling.opened_in_turn import TURNS, Opening, turn_at
from escalade.core.sampling.samplers import NearBudgets, Uniform, Window
from escalade.core.space.make_around import around
from escalade.core.space.path import Population
from escalade.core.space.space import Space
from escalade.spaces import known


@pytest.fixture(scope="module")
def space():
    network = replace(known.load("efficientnet_lite0"), num_classes=10)
    budgets = [Budget(16e6, "macs", 0.05), Budget(64e6, "macs", 0.05)]
    return Space(around(network, budgets=budgets, name="around"), factors=(1.0, 4.0))


@pytest.fixture(scope="module")
def sampler(space):
    return NearBudgets(space, window=Window(targets=(16e6, 64e6)))


def drawn(space, sampler, num_open):
    """Paths with so many turns open, and what was drawn as if all were."""
    opening = Opening(space, sampler=sampler, num_open=num_open)
    return opening.draw(generator(0, "test"), 200), sampler.draw(generator(0, "test"), 200)


def kernels(network):
    return [block.kernel for stage in network.stages for block in stage.blocks]


def test_each_turn_opens_one_more():
    turns = [turn_at(step, num_steps=60) for step in range(60)]
    assert turns == [1] * 10 + [2] * 10 + [3] * 10 + [4] * 30
    assert [turn_at(step, num_steps=3) for step in range(3)] == [1, 3, 4]
    assert len(TURNS) == 4


@pytest.mark.parametrize("num_open", [1, 2, 3])
def test_what_is_not_open_is_whole(space, sampler, num_open):
    found, _ = drawn(space, sampler, num_open)
    whole = space.path(space.largest).running
    for path in space.paths(found):
        running = path.running
        assert (running.stem.width, running.head.width) == (whole.stem.width, whole.head.width)
        assert running.widths == whole.widths
        if num_open < 3:
            assert running.depths == whole.depths
        if num_open < 2:
            assert kernels(running) == kernels(whole)
    assert (space.repair(found.genomes) == found.genomes).all()


@pytest.mark.parametrize(("num_open", "name"), [(1, "expansion"), (2, "kernel"), (3, "depth")])
def test_what_is_open_is_drawn(space, sampler, num_open, name):
    found, _ = drawn(space, sampler, num_open)
    opened = [i for i, gene in enumerate(space.genes) if f".{name}" in gene.name]
    several = [i for i in opened if len(set(found.genomes[:, i])) > 1]
    assert several == [i for i in opened if space.genes[i].num_choices > 1]
    assert len(set(space.sides(found))) > 1


@pytest.mark.parametrize("num_open", [1, 2, 3])
def test_no_path_costs_more_than_what_was_drawn_where_a_resolution_allows(space, sampler, num_open):
    found, as_if = drawn(space, sampler, num_open)
    most, costs = space.costs(as_if), space.costs(found)
    least = found.genomes[:, 0] == 0
    assert (costs[~least] <= most[~least]).all()
    assert (~least).any()
    finer = found.genomes.copy()
    finer[:, 0] += 1
    can = finer[:, 0] < space.genes[0].num_choices
    above = space.costs(Population(space.repair(finer[can]), found.strategies[can]))
    assert (above > most[can]).all()


def test_in_the_end_it_draws_as_ever(space, sampler):
    found, as_if = drawn(space, sampler, 4)
    assert (found.genomes == as_if.genomes).all()
    np.testing.assert_array_equal(found.strategies, as_if.strategies)


def test_without_budgets_it_draws_of_all(space):
    found, _ = drawn(space, Uniform(space), 2)
    assert len(found) == 200
