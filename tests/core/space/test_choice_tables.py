"""Costs of choice spaces: tables against single networks, these against independent oracles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from choice_spaces import drawn, everything, of, tiny
from hypothesis import given, settings
from hypothesis import strategies as st
from network_oracles import counted

from escalade.core.latency.latency_table import LatencyTable
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


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def check_against_oracles(name, rows):
    space = SPACES[name]
    fair = FairPaths(space, seed=0)
    genomes = [path.genome for path in fair.at(0)]
    spread = space.sample_spread(generator(0, "spread"), NUM_SPREAD)
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


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_costs_are_those_of_each_network(name, kind):
    space = SPACES[name]
    population = drawn(space, 300)
    expected = [getattr(cost.of(path.architecture), kind) for path in space.paths(population)]
    assert space.costs(population, kind).tolist() == expected


@pytest.mark.parametrize("folds", [False, True])
def test_costs_of_every_network(folds):
    space = tiny(folds=folds)
    population = of(everything(space))
    found = [cost.of(path.architecture) for path in space.paths(population)]
    for kind in KINDS:
        assert space.costs(population, kind).tolist() == [getattr(each, kind) for each in found]


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    seed=st.integers(0, 2**32),
    in_channels=st.sampled_from([1, 3]),
    num_classes=st.sampled_from([2, 1000]),
)
def test_costs_on_any_data(name, seed, in_channels, num_classes):
    space = SPACES[name].with_data(in_channels=in_channels, num_classes=num_classes)
    population = drawn(space, 6, seed)
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


def test_costs_do_not_depend_on_the_chunks():
    space = SPACES["scarlet_small"]
    population = drawn(space, 20_000)
    costs = space.costs(population)
    order = generator(0, "order").permutation(len(population))
    np.testing.assert_array_equal(space.costs(population[order]), costs[order])
    assert len(space.costs(population[:0])) == 0


@pytest.mark.parametrize("name", NAMES)
def test_latencies_are_those_of_each_network(name):
    """In the folding variants a missing shortcut shows in the latency."""
    space = SPACES[name]
    nets = [path.architecture for path in space.paths(drawn(space, 40, seed=1))]
    works = sorted({work for net in nets for work in works_of(net)})
    seconds = {work: 1e-6 * (1 + i % 7) + 1e-9 * work.terms[1][1] for i, work in enumerate(works)}
    timed = tuple((net, 1e-3 + 1e-6 * i) for i, net in enumerate(nets[:12]))
    table = LatencyTable(settings="fake", parts=seconds, calibration=timed)
    population = drawn(space, 200)
    measured = space.with_latency(table)
    expected = [table.of(path.architecture) for path in space.paths(population)]
    assert measured.costs(population, "latency").tolist() == expected
    assert measured.with_identity("plain").latency is table
    with pytest.raises(ValueError, match=f"space {name}: latency is measured, not counted"):
        space.costs(population, "latency")
    assert measured.with_data(in_channels=1, num_classes=2).latency is None


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
