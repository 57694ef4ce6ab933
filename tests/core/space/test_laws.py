"""What holds of every space, whatever its layout: many paths at once are what each of them is."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalade.core.latency.latency_table import LatencyTable
from escalade.core.latency.work import works_of
from escalade.core.network import cost
from escalade.core.numbers.seeds import generator
from escalade.core.space.layouts import parse, to_json
from escalade.core.space.path import Population
from escalade.core.space.space import Space
from escalade.spaces.load import load, names

LADDER = (1.0, 2.0, 4.0)
KINDS = ("macs", "params", "activations", "memory", "memory_int8")
NAMES = (
    *("scalenet", "small", "bignas", "bignas_small", "scarlet", "scarlet_folds", "scarlet_small"),
    *("scarlet_small_folds", "regnet_y", "regnet_z", "regnet_y_small", "regnet_z_small"),
)
every = pytest.mark.parametrize("name", NAMES)


@cache
def space_of(name: str) -> Space:
    return load(name, factors=LADDER)


def drawn(space: Space, num: int, seed: int = 0) -> Population:
    """Any genomes under any strategies, and the ends."""
    rng = generator(seed, "laws")
    genomes = np.concatenate([space.sample_genomes(rng, num), [space.smallest, space.largest]])
    strategies = space.all_strategies
    return Population(genomes, strategies[rng.integers(0, len(strategies), len(genomes))])


@every
def test_costs_sides_and_depths_are_those_of_each_network(name):
    space = space_of(name)
    population = drawn(space, 100)
    networks = [path.architecture for path in space.paths(population)]
    for kind in KINDS:
        assert space.costs(population, kind).tolist() == [cost.count(n, kind) for n in networks]
    assert space.sides(population).tolist() == [network.resolution for network in networks]
    assert space.depths(population).tolist() == [sum(network.depths) for network in networks]


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(
    name=st.sampled_from(NAMES),
    seed=st.integers(0, 2**32),
    in_channels=st.sampled_from([1, 3]),
    num_classes=st.sampled_from([2, 1000]),
)
def test_costs_on_any_data(name, seed, in_channels, num_classes):
    space = space_of(name).with_data(in_channels=in_channels, num_classes=num_classes)
    population = drawn(space, 4, seed)
    networks = [path.architecture for path in space.paths(population)]
    assert {(n.in_channels, n.num_classes) for n in networks} == {(in_channels, num_classes)}
    for kind in KINDS:
        assert space.costs(population, kind).tolist() == [cost.count(n, kind) for n in networks]


@every
def test_costs_do_not_depend_on_the_chunks(name):
    space = space_of(name)
    population = drawn(space, 10_000)
    costs = space.costs(population)
    order = generator(0, "order").permutation(len(population))
    np.testing.assert_array_equal(space.costs(population[order]), costs[order])
    assert len(space.costs(population[:0])) == 0


@every
def test_latencies_are_those_of_each_network(name):
    space = space_of(name)
    networks = [path.architecture for path in space.paths(drawn(space, 40, seed=1))]
    works = sorted({work for network in networks for work in works_of(network)})
    seconds = {work: 1e-6 * (1 + i % 7) + 1e-9 * work.terms[1][1] for i, work in enumerate(works)}
    timed = tuple((network, 1e-3 + 1e-6 * i) for i, network in enumerate(networks[:12]))
    table = LatencyTable(settings="fake", parts=seconds, calibration=timed)
    population = drawn(space, 200)
    measured = space.with_latency(table)
    expected = [table.of(path.architecture) for path in space.paths(population)]
    assert measured.costs(population, "latency").tolist() == expected
    assert measured.training.latency is table
    assert measured.with_data(in_channels=1, num_classes=2).latency is None
    with pytest.raises(ValueError, match=f"space {name}: latency is measured, not counted"):
        space.costs(population, "latency")


@every
def test_drawn_genomes_are_legal_and_repair_is_done_once(name):
    space = space_of(name)
    found = space.sample_genomes(generator(0, "legal"), 50)
    np.testing.assert_array_equal(space.repair(found), found)
    wild = generator(0, "wild").integers(-3, 40_000, found.shape)
    repaired = space.repair(wild)
    np.testing.assert_array_equal(space.repair(repaired), repaired)


@every
def test_for_other_data_and_ladders(name):
    space = space_of(name)
    other = space.with_data(in_channels=1, num_classes=7)
    network = other.path(other.smallest).architecture
    assert (network.in_channels, network.num_classes) == (1, 7)
    if space.traits.has_supernet:
        assert (other.shape.in_channels, other.shape.num_classes) == (1, 7)
    ladder = space.for_ladder((1.0, 2.0), kind="params")
    assert (ladder.factors, ladder.kind) == ((1.0, 2.0), "params")
    assert ladder.num_stages == (2 if space.traits.scales else 1)
    assert ladder.training.factors == ladder.factors


@pytest.mark.parametrize("name", names())
def test_a_file_is_read_back(name):
    layout = space_of(name).layout
    assert parse(to_json(layout), where=name) == layout
