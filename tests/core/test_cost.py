"""Costs against published figures, torch's FLOP counter, fvcore and population costs."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from escalade.core import cost
from escalade.core.population import Population
from escalade.core.samplers import Hierarchical, Uniform
from escalade.core.seeds import generator
from escalade.nets.build import blank
from escalade.spaces import known
from escalade.spaces.load import load

SPACES = ("small", "medium", "scalenet", "scalenet_half")
NUM, NUM_FAST = 200, 25  # compared with the oracles, per space
LADDER = {"small": (1.0, 2.0, 4.0), "medium": (1.0, 2.0, 4.0)}


@cache
def space(name):
    return load(name, factors=LADDER.get(name))


def drawn(name):
    """200 random paths, half by the hierarchical and half by the uniform sampler."""
    halves = (Hierarchical(space(name)), Uniform(space(name)))
    paths = [half.draw(generator(0, "cost", name), NUM // 2) for half in halves]
    return Population.concatenate(paths)[generator(0, "order").permutation(NUM)]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Many small operations: threads only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    ("name", "flops_with_bias", "params", "activations"),
    [
        ("efficientnet_b0", 385_825_092, 5_288_548, 6_748_036),
        ("efficientnet_b1", 686_817_992, 7_794_184, 10_884_328),
        ("efficientnet_b2", 993_578_282, 9_109_994, 13_832_834),
    ],
)
def test_published_figures(name, flops_with_bias, params, activations):
    """Facts, section 1; the published flops count biases."""
    architecture = known.load(name)
    found = cost.of(architecture)
    biases = sum(
        layer.params - layer.macs
        for layer in cost.layers(architecture)
        if ".se." in layer.name or layer.name == "classifier"
    )
    assert found.macs + biases == flops_with_bias
    assert (found.params, found.activations) == (params, activations)


def test_efficientnet_b0_without_biases():
    assert cost.of(known.load("efficientnet_b0")).macs == 385_814_752


def test_layers_are_named_as_in_the_network(architecture):
    network = blank(architecture)
    modules = dict(network.named_modules())
    for layer in cost.layers(architecture):
        assert layer.name in modules
    found = cost.of(architecture)
    for kind in ("macs", "params", "activations"):
        assert sum(getattr(layer, kind) for layer in cost.layers(architecture)) == getattr(
            found, kind
        )


def check_against_oracles(name, rows):
    """Macs and params at full resolution on `meta`; activations where fvcore traces quickly.

    The sides of all layers are in the macs, so that activations need not be traced at full size.
    """
    for path in space(name).paths(drawn(name)[rows]):
        architecture = path.architecture
        found = cost.of(architecture)
        network = blank(architecture).eval()
        side = architecture.resolution
        num_params = sum(p.numel() for p in network.parameters())
        _strip(network)
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            network(torch.empty(1, architecture.in_channels, side, side, device="meta"))
        assert counter.get_total_flops() == 2 * found.macs
        assert num_params == found.params
        fewer = replace(architecture, resolution=max(33, side // 4 + side % 2))
        assert _fvcore_activations(network, fewer) == cost.of(fewer).activations


def _strip(network):
    """Take out what the oracles count as nothing and take most of their time for."""
    for module in list(network.modules()):
        for name, child in module.named_children():
            if isinstance(child, torch.nn.BatchNorm2d) or name in ("act1", "gate"):
                setattr(module, name, torch.nn.Identity())


def _fvcore_activations(network, architecture):
    network = network.to_empty(device="cpu")
    side = architecture.resolution
    with warnings.catch_warnings():  # fvcore's and the tracer's, from its import on
        warnings.simplefilter("ignore")
        from fvcore.nn import ActivationCountAnalysis

        analysis = ActivationCountAnalysis(
            network, torch.zeros(1, architecture.in_channels, side, side)
        )
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        return analysis.tracer_warnings("none").total()


@pytest.mark.parametrize("name", SPACES)
def test_costs_are_the_built_networks(name):
    check_against_oracles(name, slice(0, NUM_FAST))


@pytest.mark.slow
@pytest.mark.parametrize("name", SPACES)
def test_costs_are_the_built_networks_of_the_rest(name):
    check_against_oracles(name, slice(NUM_FAST, NUM))


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(SPACES),
    st.integers(0, 2**32),
    st.sampled_from([1, 3]),
    st.sampled_from([2, 10, 1000]),
    st.booleans(),
)
def test_population_costs_are_those_of_one(name, seed, in_channels, num_classes, uniform):
    chosen = space(name).with_data(in_channels=in_channels, num_classes=num_classes)
    # The slow part of a space with a grid does not depend on the data.
    chosen.__dict__["_strategies"] = space(name)._strategies
    chosen.__dict__["all_strategies"] = space(name).all_strategies
    sampler = Uniform(chosen) if uniform else Hierarchical(chosen)
    population = sampler.draw(generator(seed, "population"), 8)
    costs = [cost.of(path.architecture) for path in chosen.paths(population)]
    for kind in ("macs", "params", "activations"):
        found = chosen.costs(population, kind)
        assert found.tolist() == [getattr(each, kind) for each in costs]


@pytest.mark.parametrize("name", SPACES)
def test_population_costs_of_the_extremes(name):
    """The smallest and largest genome under every ratio of the last stage."""
    chosen = space(name)
    rows = chosen.strategies(chosen.num_stages - 1)
    high = [gene.num_choices - 1 for gene in chosen.genes]
    for genome in ([0] * chosen.num_genes, high):
        genomes = chosen.repair(torch.tensor([genome] * len(rows)).numpy())
        population = Population(genomes, rows)
        expected = [cost.of(path.architecture).macs for path in chosen.paths(population)]
        assert chosen.costs(population).tolist() == expected


def test_costs_rise_with_every_dimension(architecture):
    base = cost.of(architecture)
    finer = cost.of(replace(architecture, resolution=2 * architecture.resolution))
    assert finer.params == base.params
    assert finer.macs > base.macs
    assert finer.activations > base.activations
    more = cost.of(replace(architecture, num_classes=architecture.num_classes + 1))
    assert more.macs - base.macs == architecture.head.width
    assert more.params - base.params == architecture.head.width + 1
    assert more.activations - base.activations == 1
