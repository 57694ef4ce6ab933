"""Costs of choice spaces: tables against single networks, these against independent oracles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from choice_spaces import drawn, everything, of, tiny
from network_oracles import counted

from escalade.core.latency.work import works_of
from escalade.core.network import cost
from escalade.core.numbers.seeds import generator
from escalade.core.sampling.fair_paths import FairPaths
from escalade.spaces.load import load

KINDS = ("macs", "params", "activations", "memory")
NAMES = ("scarlet", "scarlet_small", "scarlet_folds", "scarlet_small_folds")
SPACES = {name: load(name) for name in NAMES}
# Networks compared with the oracles: a fair step, in which every layer has every choice once, and
# networks with many identities. The folding variants' are those of the others but for
# missing shortcuts, which cost nothing: test_choice_list.py compares them.
NUM_SPREAD, NUM_FAST = 8, 3


def check_against_oracles(name, rows):
    space = SPACES[name]
    fair = FairPaths(space, seed=0)
    genomes = [path.genome for path in fair.at(0)]
    spread = space.layout.sample_spread(generator(0, "spread"), NUM_SPREAD)
    population = of(np.concatenate([spread, genomes]))[rows]
    costs = [space.costs(population, kind).tolist() for kind in KINDS]
    for path, expected in zip(space.paths(population), zip(*costs, strict=True), strict=True):
        network = path.architecture
        found = cost.of(network)
        assert tuple(getattr(found, kind) for kind in KINDS) == expected
        fewer = replace(network, resolution=max(33, network.resolution // 4))
        macs, params, activations = counted(network, side=fewer.resolution)
        assert (macs, params) == (found.macs, found.params)
        assert activations == cost.of(fewer).activations


@pytest.mark.parametrize("name", NAMES)
def test_costs_are_the_built_networks(name):
    check_against_oracles(name, slice(0, NUM_FAST))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_costs_are_the_built_networks_of_the_rest(name):
    check_against_oracles(name, slice(NUM_FAST, None))


@pytest.mark.parametrize("folds", [False, True])
def test_costs_of_every_network(folds):
    space = tiny(folds=folds)
    population = of(everything(space))
    found = [cost.of(path.architecture) for path in space.paths(population)]
    for kind in KINDS:
        assert space.costs(population, kind).tolist() == [getattr(each, kind) for each in found]


def test_costs_do_not_depend_on_how_identities_run():
    population = drawn(SPACES["scarlet_small"], 200)
    costs = [
        SPACES["scarlet_small"].with_identity(identity).costs(population).tolist()
        for identity in ("let", "let_relu", "plain")
    ]
    assert costs[0] == costs[1] == costs[2]


def test_parts_without_a_shortcut_are_a_group_of_their_own():
    """The layer after the identity is the only one of its kernel."""
    genome = [0, 0, 0, 12, 4, *[0] * 14]
    groups = [
        [work.group for work in works_of(SPACES[name].path(genome).architecture)]
        for name in ("scarlet", "scarlet_folds")
    ]
    largest = [
        [group for group in each if max(operation.kernel for operation in group.operations) == 7]
        for each in groups
    ]
    adds = [[group.operations[-1].name == "add" for group in each] for each in largest]
    assert adds == [[True], [False]]
