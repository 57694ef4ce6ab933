"""Genomes of RegNets: round trips, legality, repair, and arrays against single networks."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalade.core.network import cost, regnet
from escalade.core.numbers.seeds import generator
from escalade.core.space.path import Population, values
from escalade.core.space.quantised_linear import NAMES
from escalade.core.space.regnet_stages import regnet_stages
from escalade.core.space.space import Space
from escalade.core.space.space_numbers import Span
from escalade.spaces import known
from escalade.spaces.load import load

SPACES = ("regnet_y", "regnet_z", "regnet_y_small", "regnet_z_small")


@cache
def space(name):
    return load(name)


def genome_of(chosen, numbers):
    return tuple(gene.choices.index(numbers[gene.name]) for gene in chosen.genes)


def drawn(name, num, seed=0):
    return space(name).sample_genomes(generator(seed, "test", name), num)


@pytest.mark.parametrize("name", SPACES)
def test_genomes_and_their_numbers_go_back_and_forth(name):
    for genome in drawn(name, 50):
        numbers = values(space(name).genes, genome)
        assert genome_of(space(name), numbers) == tuple(genome)
        made = space(name).path(genome).architecture
        assert made.resolution == numbers["resolution"]
        assert sum(made.depths) == numbers["depth"]
        path = space(name).path(genome)
        assert (path.genome, path.key) == (tuple(genome), made.key)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SPACES), st.integers(0, 2**32), st.integers(1, 40))
def test_drawn_and_repaired_genomes_are_legal(name, seed, num):
    rng = np.random.default_rng(seed)
    chosen = space(name)
    found = chosen.sample_genomes(rng, num)
    assert found.shape == (num, len(NAMES))
    assert chosen.layout.legal(found).all()
    assert (chosen.repair(found) == found).all()
    wild = rng.integers(-3, 40_000, (num, len(NAMES)))
    repaired = chosen.repair(wild)
    assert chosen.layout.legal(repaired).all()
    assert (chosen.repair(repaired) == repaired).all()
    least, most = chosen.layout.stages
    for genome in repaired[:3]:
        made = chosen.path(genome).architecture  # refuses a resolution too small for its strides
        assert least <= len(made.stages) <= most


def test_costs_of_blocks_without_squeeze_excitation():
    data = replace(space("regnet_y").layout, block="x")
    plain = Space(data)
    genomes = plain.sample_genomes(generator(0, "x"), 20)
    found = plain.costs(Population.unscaled(genomes))
    assert found.tolist() == [cost.of(plain.path(genome).architecture).macs for genome in genomes]


@settings(max_examples=300, deadline=None)
@given(
    st.integers(1, 63),
    st.integers(1, 32),
    st.integers(0, 1024),
    st.sampled_from([1.5, 2.0, 2.25, 2.5, 3.0, 1.001, 2.09]),
    st.sampled_from([1, 2, 4, 8, 24, 64]),
    st.sampled_from([1.0, 4.0]),
)
def test_shapes_are_those_of_one_also_at_ties(depth, w0, quarter_slopes, wm, group, ratio):
    """Round slopes and ratios put exponents and widths exactly between two integers."""
    one = regnet.stages(
        depth, 8 * w0, quarter_slopes / 4, wm, group_width=group, bottleneck_ratio=ratio
    )
    many = regnet_stages(
        depth=np.array([depth]),
        w0=np.array([8 * w0]),
        wa=np.array([quarter_slopes / 4]),
        wm=np.array([wm]),
        group_width=np.array([group]),
        bottleneck_ratio=ratio,
        step=8,
        most_stages=len(one),
    )
    assert many.num_stages.tolist() == [len(one)]
    rows = zip(many.widths[0], many.depths[0], many.groups[0], strict=True)
    assert tuple(tuple(map(int, row)) for row in rows) == one


@pytest.mark.parametrize(
    ("name", "of", "numbers"),
    [
        ("regnet_y", "regnet_y_400mf", (16, 48, 27.89, 2.09, 8, 224)),
        ("regnet_y", "regnet_y_4gf", (22, 96, 31.41, 2.24, 64, 224)),
        ("regnet_z", "regnet_z_500mf", (21, 16, 10.7, 2.51, 4, 224)),
        ("regnet_z", "regnet_z_4gf", (28, 48, 14.5, 2.226, 8, 256)),
    ],
)
def test_published_networks_are_in_the_space(name, of, numbers):
    genome = genome_of(space(name), dict(zip(NAMES, numbers, strict=True)))
    assert space(name).layout.legal(np.array([genome])).all()
    assert space(name).path(genome).architecture.key == known.load(of).key


def test_published_ranges():
    grids = space("regnet_y").layout.grids
    assert [grids[n][[0, -1]].tolist() for n in ("depth", "w0", "wa", "wm")] == [
        [4, 63],
        [8, 256],
        [8, 256],
        [1.5, 3],
    ]
    assert 2.226 in grids["wm"]
    assert space("regnet_y").size == 60 * 32 * 24_801 * 1501 * 19 * 13


def test_the_small_spaces_are_for_small_images():
    for name in SPACES[2:]:
        chosen = space(name).with_data(in_channels=1, num_classes=10)
        assert chosen.layout.grids["resolution"][[0, -1]].tolist() == [14, 32]
        costs = chosen.costs(Population.unscaled(drawn(name, 4000)))
        assert np.mean((costs > 0.3e6) & (costs < 10e6)) > 0.8
        assert np.mean(costs < 1.5e6) > 0.15


def test_draws_are_log_uniform():
    """Half of a log-uniform range lies below the geometric mean; depth is uniform."""
    data = replace(space("regnet_y").layout, stages=Span(1, 40), resolutions=(1 << 45,))
    # So nothing is rejected.
    found = Space(data)
    genomes = found.sample_genomes(generator(0, "law"), 20_000)
    for name in ("w0", "wa", "wm"):
        low, high = found.layout.grids[name][[0, -1]]
        values = found.layout.grids[name][genomes[:, NAMES.index(name)]]
        assert np.mean(values < math.sqrt(low * high)) == pytest.approx(0.5, abs=0.06), name
    depths = found.layout.grids["depth"][genomes[:, 0]]
    assert depths.mean() == pytest.approx((4 + 63) / 2, rel=0.02)


def test_a_space_without_networks_says_so():
    data = replace(space("regnet_y").layout, stages=Span(30, 31))
    with pytest.raises(ValueError, match="hardly any of its networks has 30 to 31 stages"):
        Space(data).sample_genomes(generator(0, "none"), 1)
