"""Costs of the design spaces' networks against the built ones: FLOP counter, params, fvcore."""

from __future__ import annotations

from dataclasses import replace

import pytest
from network_oracles import counted

from escalade.core.network import cost
from escalade.core.numbers.seeds import generator
from escalade.core.space.path import Population
from escalade.spaces.load import load

SPACES = ("regnet_y", "regnet_z", "regnet_y_small", "regnet_z_small")
NUM, NUM_FAST = 12, 2  # compared with the oracles, per space
# The largest of the ImageNet spaces have billions of params, which fvcore would have to hold.
MOST_PARAMS = 60_000_000


def drawn(name, rows):
    """Random networks of a space, and their costs as the space counts them, by kind."""
    space = load(name)
    genomes = space.sample_genomes(generator(0, "oracle", name), 20 * NUM)
    genomes = genomes[space.costs(Population.unscaled(genomes), "params") < MOST_PARAMS][rows]
    counted = [
        space.costs(Population.unscaled(genomes), k) for k in ("macs", "params", "activations")
    ]
    networks = [space.path(genome).architecture for genome in genomes]
    memory = space.costs(Population.unscaled(genomes), "memory").tolist()
    assert memory == [cost.of(network).memory for network in networks]
    return networks, zip(*counted, strict=True)


def check_against_oracles(name, rows):
    """Macs and params at full resolution, activations where fvcore traces quickly."""
    networks, counts = drawn(name, rows)
    assert len(networks) == rows.stop - rows.start
    for architecture, (macs, params, activations) in zip(networks, counts, strict=True):
        found, side = cost.of(architecture), architecture.resolution
        assert (found.macs, found.params, found.activations) == (macs, params, activations)
        fewer = replace(architecture, resolution=min(side, 32 + side % 2))
        expected = (macs, params, cost.of(fewer).activations)
        assert counted(architecture, side=fewer.resolution) == expected


@pytest.mark.parametrize("name", SPACES)
def test_costs_are_the_built_networks(name):
    check_against_oracles(name, slice(0, NUM_FAST))


@pytest.mark.slow
@pytest.mark.parametrize("name", SPACES)
def test_costs_are_the_built_networks_of_the_rest(name):
    check_against_oracles(name, slice(NUM_FAST, NUM))
