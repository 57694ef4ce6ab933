"""Costs of the design spaces' networks against the built ones: FLOP counter, params, fvcore."""

from __future__ import annotations

import warnings
from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from escalade.core import cost
from escalade.core.design_space import population
from escalade.core.seeds import generator
from escalade.nets.build import blank
from escalade.spaces.load import load_any

with warnings.catch_warnings():  # fvcore's, from its import on
    warnings.simplefilter("ignore")
    from fvcore.nn import ActivationCountAnalysis

SPACES = ("regnet_y", "regnet_z", "regnet_y_small", "regnet_z_small")
NUM, NUM_FAST = 200, 6  # compared with the oracles, per space
# The largest of the ImageNet spaces have billions of params, which fvcore would have to hold.
MOST_PARAMS = 60_000_000


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def drawn(name, rows):
    """Random networks of a space, and their costs as the space counts them, by kind."""
    space = load_any(name)
    genomes = space.sample_genomes(generator(0, "oracle", name), 4 * NUM)
    genomes = genomes[space.costs(population(genomes), "params") < MOST_PARAMS][rows]
    counted = [space.costs(population(genomes), k) for k in ("macs", "params", "activations")]
    return [space.architecture(genome) for genome in genomes], zip(*counted, strict=True)


def check_against_oracles(name, rows):
    """Macs and params at full resolution on `meta`; activations where fvcore traces quickly.

    The sides of all layers are in the macs, so that activations need not be traced at full size.
    """
    networks, counts = drawn(name, rows)
    assert len(networks) == rows.stop - rows.start
    for architecture, (macs, params, activations) in zip(networks, counts, strict=True):
        found = cost.of(architecture)
        assert (found.macs, found.params, found.activations) == (macs, params, activations)
        network = blank(architecture).eval()
        side = architecture.resolution
        assert sum(p.numel() for p in network.parameters()) == params
        strip(network)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(torch.empty(1, architecture.in_channels, side, side, device="meta"))
        assert counter.get_total_flops() == 2 * macs
        fewer = replace(architecture, resolution=min(side, 32 + side % 2))
        assert fvcore_activations(network, fewer) == cost.of(fewer).activations


def strip(network):
    """Take out what the oracles count as nothing and take most of their time for."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, torch.nn.BatchNorm2d) or name in ("act", "gate"):
                setattr(module, name, torch.nn.Identity())


def fvcore_activations(network, architecture):
    side = architecture.resolution
    images = torch.zeros(1, architecture.in_channels, side, side)
    with warnings.catch_warnings():  # the tracer's
        warnings.simplefilter("ignore")
        analysis = ActivationCountAnalysis(network.to_empty(device="cpu"), images)
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        return analysis.tracer_warnings("none").total()


@pytest.mark.parametrize("name", SPACES)
def test_costs_are_the_built_networks(name):
    check_against_oracles(name, slice(0, NUM_FAST))


@pytest.mark.slow
@pytest.mark.parametrize("name", SPACES)
def test_costs_are_the_built_networks_of_the_rest(name):
    check_against_oracles(name, slice(NUM_FAST, NUM))
