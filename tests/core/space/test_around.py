"""The space around a network: what it holds, what its networks cost, and what is no such space."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from escalade.core.network import cost, kinds
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import generator
from escalade.core.space.layouts import parse, to_json
from escalade.core.space.make_around import around, largest_side
from escalade.core.space.path import Population
from escalade.core.space.space import Space
from escalade.spaces import known
from sample_networks import SAMPLES

# Of every kind that timm has trained weights for, and two published ones.
NETWORKS = {name: SAMPLES[name] for name in SAMPLES if not name.startswith("scarlet")}
PUBLISHED = {name: known.load(name) for name in ("efficientnet_lite0", "mobilenetv4_conv_small")}
every = pytest.mark.parametrize("name", [*NETWORKS, *PUBLISHED])


def made(name: str) -> Space:
    network = {**NETWORKS, **PUBLISHED}[name]
    macs = cost.of(network).macs
    budgets = [Budget(share * macs, "macs", 0.05) for share in (0.25, 0.5, 1)]
    return Space(around(network, budgets=budgets, name="around"))


def drawn(space: Space, num: int = 40) -> Population:
    rng = generator(0, "around")
    return Population.unscaled(
        np.concatenate([space.sample_genomes(rng, num), space.layout.sample_spread(rng, num)])
    )


@every
def test_the_largest_path_is_the_network(name):
    space = made(name)
    network, largest = {**NETWORKS, **PUBLISHED}[name], space.path(space.largest).architecture
    assert largest.key == replace(network, resolution=largest.resolution).key
    assert space.layout.plain_base.key == largest.key
    assert space.shape.largest.key == largest.key


@every
def test_populations_cost_what_their_networks_cost(name):
    space = made(name)
    population = drawn(space)
    paths = space.paths(population)
    for kind in ("macs", "params", "activations", "memory"):
        found = [cost.count(path.architecture, kind) for path in paths]
        assert space.costs(population, kind).tolist() == found
    assert space.sides(population).tolist() == [path.architecture.resolution for path in paths]
    assert space.depths(population).tolist() == [
        sum(path.architecture.depths) for path in paths
    ]  # fmt: skip


@every
def test_every_path_is_the_network_made_smaller(name):
    """Kinds and strides stay; hidden widths are whole groups; no shortcut comes or goes."""
    space = made(name)
    whole = space.shape.largest
    for path in space.paths(drawn(space)):
        small = path.architecture
        assert small.stem.width <= whole.stem.width
        widths = {"small": small.stem.width, "whole": whole.stem.width}
        for stage, of in zip(small.stages, whole.stages, strict=True):
            assert len(of.blocks) >= len(stage.blocks) >= len(of.blocks) / 2
            for block, own in zip(stage.blocks, of.blocks, strict=False):
                assert (block.kind, block.stride) == (own.kind, own.stride)
                assert block.width <= own.width
                assert block.kernel <= own.kernel
                hidden = kinds.hidden(block, widths["small"])
                assert hidden <= kinds.hidden(own, widths["whole"])
                assert hidden % (block.group_width or 1) == 0
                adds = kinds.layers(block, widths["small"]).shortcut == ()
                was = kinds.layers(own, widths["whole"]).shortcut
                assert adds == (was == ()) or was  # a projection may fall away
                widths = {"small": block.width, "whole": own.width}


@every
def test_equal_paths_have_equal_genomes(name):
    space = made(name)
    genomes = drawn(space).genomes
    assert np.array_equal(space.repair(genomes), genomes)
    genomes = np.unique(genomes, axis=0)
    assert len({path.key for path in space.paths(Population.unscaled(genomes))}) == len(genomes)


@every
def test_genomes_are_counted(name):
    """Of a space small enough to list them all."""
    space = made(name)
    if space.layout.num_genomes > 50_000:
        pytest.skip("too many to list")
    counts = [range(gene.num_choices) for gene in space.genes]
    if np.prod([len(each) for each in counts], dtype=float) > 1e6:
        pytest.skip("too many to list")
    everything = np.array(list(itertools.product(*counts)))
    assert len(np.unique(space.repair(everything), axis=0)) == space.layout.num_genomes


def test_a_space_is_read_back():
    for name in NETWORKS:
        layout = made(name).layout
        assert parse(to_json(layout)) == layout


def test_it_is_for_the_data_at_hand():
    space = made("mobilenet_v4_like").with_data(in_channels=3, num_classes=7)
    network = space.path(space.smallest).architecture
    assert (network.in_channels, network.num_classes) == (3, 7)
    assert space.shape.largest.num_classes == 7


# Resolutions


def test_resolutions_reach_every_budget():
    network = PUBLISHED["efficientnet_lite0"]
    budgets = [Budget(macs, "macs", 0.05) for macs in (16e6, 64e6)]
    space = Space(around(network, budgets=budgets, name="around"))
    sides = space.layout.resolutions
    assert sides[0] == network.total_stride == 32
    # Twice the pixels at which the network itself has the largest budget.
    own = largest_side(network, fits=lambda net: cost.of(net).macs <= budgets[-1].high)
    assert 1.5 * own < sides[-1] <= 2 * own
    assert all(side % 16 == 0 for side in sides)
    costs = space.costs(
        Population.unscaled(space.layout.sample_spread(generator(0, "reach"), 4000))
    )
    for budget in budgets:
        assert ((costs >= budget.low) & (costs <= budget.high)).any()


def test_the_largest_side_within_a_budget():
    network = PUBLISHED["efficientnet_lite0"]

    def macs(side):
        return cost.count(replace(network, resolution=side), "macs")

    for side in (32, 45, 64, 100):
        most = macs(side)
        found = largest_side(network, fits=lambda net, most=most: cost.of(net).macs <= most)
        assert macs(found) <= most < macs(found + 1)
    assert largest_side(network, fits=lambda net: cost.of(net).macs < macs(32)) is None
    # What does not change with the resolution leaves it the network's own.
    params = cost.of(network).params
    own = largest_side(network, fits=lambda net: cost.of(net).params <= params)
    assert own == network.resolution


def test_budgets_that_the_strides_do_not_reach_are_refused_with_the_range():
    with pytest.raises(ValueError, match=r"100k macs is below .* 32 pixels, which take 1\.49M"):
        around(PUBLISHED["efficientnet_lite0"], budgets=[Budget(1e5, "macs", 0.05)], name="around")


# Files


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (["stem"], [8, 16], "stem: ends with 16, but the network has 8"),
        (["head"], [32], "head: ends with 32, but the network has 40"),
        (["stages", 1, "widths"], [8], r"stages\[1\].widths: ends with 8, but the network has 16"),
        (["stages", 2, "depth"], [1, 2], r"stages\[2\].depth: ends with 2, but the network has 3"),
        (["stages", 1, "hidden"], [0.5], r"stages\[1\].hidden: ends with 0.5, not with 1"),
        (["resolutions"], [1, 20], "1 is too small for strides whose product is 8"),
    ],
)
def test_what_is_no_such_space_is_refused(path, value, words):
    data = to_json(made("mobilenet_v4_like").layout)
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(ValueError, match=words):
        parse(data)
