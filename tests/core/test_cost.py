"""Costs against published figures, torch's FLOP counter, fvcore and population costs."""

from __future__ import annotations

import warnings
from dataclasses import replace
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from network_oracles import counted

from escalade.core.network import cost
from escalade.core.numbers.budget import COUNTED
from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Hierarchical, Uniform
from escalade.core.space.path import Population
from escalade.nets.build import blank, build
from escalade.spaces import known
from escalade.spaces.load import load

SCALED = ("small", "medium", "scalenet", "scalenet_half")
SPACES = (*SCALED, "bignas_small", "bignas")
NUM, NUM_FAST = 12, 2  # compared with the oracles, per space
FEWER_FAST = {"bignas": 1}  # deep networks
LADDER = {"small": (1.0, 2.0, 4.0), "medium": (1.0, 2.0, 4.0)}


@cache
def space(name):
    return load(name, factors=LADDER.get(name))


def drawn(name):
    """Random paths, half by the hierarchical and half by the uniform sampler."""
    halves = (Hierarchical(space(name)), Uniform(space(name)))
    paths = [half.draw(generator(0, "cost", name), NUM // 2) for half in halves]
    return Population.concatenate(paths)[generator(0, "order").permutation(NUM)]


@pytest.mark.parametrize(
    ("name", "flops_with_bias", "params", "activations"),
    [
        ("efficientnet_b0", 385_825_092, 5_288_548, 6_748_036),
        ("efficientnet_b1", 686_817_992, 7_794_184, 10_884_328),
        ("efficientnet_b2", 993_578_282, 9_109_994, 13_832_834),
        ("regnet_y_400mf", 401_849_056, 4_344_144, 3_892_496),
        ("regnet_y_4gf", 3_973_301_344, 20_646_656, 12_287_200),
    ],
)
def test_published_figures(name, flops_with_bias, params, activations):
    """Facts, section 1; the published flops count biases."""
    architecture = known.load(name)
    found = cost.of(architecture)
    biases = sum(
        layer.params - layer.macs
        for layer in cost.layers(architecture)
        if layer.name in ("classifier", "head.fc") or {"se", "attn"} & set(layer.name.split("."))
    )
    assert found.macs + biases == flops_with_bias
    assert (found.params, found.activations) == (params, activations)


# Fast and Accurate Model Scaling: flops (B), params (M), activations (M) of every unscaled network
# of Tables 5 to 8 that a public configuration gives (docs/explanation/deviations.md: the others).
TABLES = {
    "Table 5 EN-B0": ("efficientnet_b0", "0.4", "5.3", "6.7"),
    "Table 5 EN-B1": ("efficientnet_b1", "0.7", "7.8", "10.9"),
    "Table 5 EN-B2": ("efficientnet_b2", "1.0", "9.1", "13.8"),
    "Table 5 EN-B3": ("efficientnet_b3", "1.8", "12.2", "23.8"),
    "Table 5 EN-B4": ("efficientnet_b4", "4.4", "19.3", "49.5"),
    "Table 5 EN-B5": ("efficientnet_b5", "10.3", "30.4", "98.9"),
    "Table 6 RegNetZ-500MF": ("regnet_z_500mf", "0.5", "7.1", "5.9"),
    "Table 6 RegNetY-4GF-224": ("regnet_y_4gf", "4.0", "20.6", "12.3"),
    "Table 6 RegNetZ-4GF": ("regnet_z_4gf", "4.0", "28.1", "24.3"),
    "Table 7 RegNetZ-4GF": ("regnet_z_4gf", "4.0", "28.1", "24.3"),
    "Table 8 ResNet50": ("resnet50", "4.1", "25.6", "11.3"),
    "Table 8 ResNeXt50": ("resnext50_32x4d", "4.2", "25.0", "14.6"),
    "Table 8 EfficientNet-B4": ("efficientnet_b4", "4.4", "19.3", "49.5"),
    "Table 8 RegNetZ-4GF": ("regnet_z_4gf", "4.0", "28.1", "24.3"),
}


@pytest.mark.parametrize("row", TABLES)
def test_figures_of_the_scaling_paper(row):
    name, *printed = TABLES[row]
    found = cost.of(known.load(name))
    amounts = (found.macs / 1e9, found.params / 1e6, found.activations / 1e6)
    assert [f"{amount:.1f}" for amount in amounts] == printed


KINDS = ("macs", "params", "activations")


@pytest.mark.parametrize("name", ["efficientnet_b0", "mobilenet_v3_large", "regnet_z_500mf"])
def test_stages_add_up(name):
    architecture = known.load(name)
    made = cost.stages(architecture)
    names = [stage.name for stage in made]
    assert names == ["stem", *(f"stages.{i}" for i in range(len(architecture.stages))), "head"]
    assert tuple(stage.depth for stage in made) == (0, *architecture.depths, 0)
    widths = (architecture.stem.width, *architecture.widths, architecture.num_classes)
    assert tuple(stage.width for stage in made) == widths
    for kind in KINDS:
        total = sum(getattr(stage, kind) for stage in made)
        assert total == getattr(cost.of(architecture), kind)
    assert max(stage.memory for stage in made) == cost.of(architecture).memory


def test_stages_are_their_layers():
    """Layers by the names they have in torch's network."""
    architecture = known.load("resnet50")
    for stage in cost.stages(architecture):
        prefix = "head" if stage.name == "head" else f"{stage.name}."
        rows = [row for row in cost.layers(architecture) if row.name.startswith(prefix)]
        for kind in KINDS:
            assert sum(getattr(row, kind) for row in rows) == getattr(stage, kind)


@pytest.mark.parametrize(
    ("name", "resolution", "sides"),
    [
        ("resnet50", 224, [56, 56, 28, 14, 7, 1]),
        ("resnet50", 97, [25, 25, 13, 7, 4, 1]),
        ("regnet_x_200mf", 33, [17, 9, 5, 3, 2, 1]),
    ],
)
def test_resolutions_of_stages(name, resolution, sides):
    architecture = replace(known.load(name), resolution=resolution)
    assert [stage.resolution for stage in cost.stages(architecture)] == sides


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
    """Macs and params at full resolution, activations where fvcore traces quickly."""
    for path in space(name).paths(drawn(name)[rows]):
        found, side = cost.of(path.architecture), path.architecture.resolution
        fewer = replace(path.architecture, resolution=max(33, side // 4 + side % 2))
        macs, params, activations = counted(path.architecture, side=fewer.resolution)
        assert (macs, params) == (found.macs, found.params)
        assert activations == cost.of(fewer).activations


@pytest.mark.slow
@pytest.mark.parametrize("name", ["efficientnet_b0", "regnet_y_400mf"])
def test_the_oracles_count_as_their_tools_do(name):
    """`counted` takes a short way through fvcore."""
    from fvcore.nn import ActivationCountAnalysis

    architecture = known.load(name)
    with warnings.catch_warnings():  # the tracer's
        warnings.simplefilter("ignore")
        analysis = ActivationCountAnalysis(build(architecture).eval(), torch.zeros(1, 3, 64, 64))
        analysis.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        assert counted(architecture, side=64)[2] == analysis.tracer_warnings("none").total()


@pytest.mark.parametrize("name", SPACES)
def test_costs_are_the_built_networks(name):
    check_against_oracles(name, slice(0, FEWER_FAST.get(name, NUM_FAST)))


@pytest.mark.slow
@pytest.mark.parametrize("name", SPACES)
def test_costs_are_the_built_networks_of_the_rest(name):
    check_against_oracles(name, slice(FEWER_FAST.get(name, NUM_FAST), NUM))


@pytest.mark.slow
@settings(max_examples=24, deadline=None)
@given(
    st.sampled_from(SCALED),
    st.integers(0, 2**32),
    st.sampled_from([1, 3]),
    st.sampled_from([2, 10, 1000]),
    st.booleans(),
)
def test_population_costs_are_those_of_one(name, seed, in_channels, num_classes, uniform):
    chosen = space(name).with_data(in_channels=in_channels, num_classes=num_classes)
    # The slow part of a space with a grid does not depend on the data.
    chosen._strategies = space(name)._strategies
    sampler = Uniform(chosen) if uniform else Hierarchical(chosen)
    population = sampler.draw(generator(seed, "population"), 8)
    costs = [cost.of(path.architecture) for path in chosen.paths(population)]
    for kind in COUNTED:
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
        expected = [cost.of(path.architecture) for path in chosen.paths(population)]
        for kind in ("macs", "memory"):
            found = chosen.costs(population, kind).tolist()
            assert found == [getattr(each, kind) for each in expected]


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


@pytest.mark.parametrize("name", ["mobilenet_v3_large", "regnet_y_400mf", "scarlet_a"])
def test_one_cost_is_that_of_all(name):
    network = known.load(name)
    found = cost.of(network)
    assert {kind: cost.count(network, kind) for kind in COUNTED} == {
        kind: getattr(found, kind) for kind in COUNTED
    }
