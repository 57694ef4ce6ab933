from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalade.core.numbers.seeds import generator
from escalade.core.scaling.ratios import apply
from escalade.core.space.path import Population
from escalade.core.space.space import Space
from escalade.core.space.space_summary import histogram, stage_costs, summarise
from escalade.spaces.load import load

LADDER = (1.0, 2.0, 4.0)


def test_published_strategies(scalenet):
    """Facts, section 3: with depths rounded up many multipliers are one and the same."""
    assert scalenet.strategy_counts == (1, 4 * 4 * 3, 5 * 5 * 3, 7 * 7 * 3)
    assert [len(scalenet.strategies(j)) for j in range(4)] == [
        1,
        1 * 4 * 3,
        3 * 5 * 3,
        2 * 7 * 3,
    ]


def test_published_size(scalenet):
    """Two fixed layers of 3 kernels, five stages of 1 to 4 layers: an exact integer."""
    assert scalenet.layout.num_genomes == 3**2 * (3 + 9 + 27 + 81) ** 5
    assert scalenet.size == scalenet.layout.num_genomes * 271
    assert scalenet.distinct == scalenet.layout.num_genomes * 100


def test_published_means(scalenet):
    """Facts, section 3: base mean 410 M, sd 81 M; stages 889, 1,739 and 3,555 M."""
    num = 20_000
    costs = [stage_costs(scalenet, generator(0, "means", j), j, num=num) for j in range(4)]
    base = costs[0].std()
    assert base == pytest.approx(81e6, rel=0.02)
    # The figures are rounded means of 4,000 draws.
    for found, mean in zip(costs, (410e6, 889e6, 1739e6, 3555e6), strict=True):
        error = found.std() * (1 / num + 1 / 4000) ** 0.5
        assert abs(found.mean() - mean) < 3 * error + 0.5e6


@pytest.mark.slow
def test_distinct_strategies_are_distinct(scalenet, small):
    """No two strategies of a stage make the same network of any base that shows all choices."""
    for space in (scalenet, small):
        genomes = space.sample_genomes(generator(0, "distinct"), 200)
        for stage in range(space.num_stages):
            rows = space.strategies(stage)
            keys = {
                tuple(space.path(genome, row).architecture.key for genome in genomes[:12])
                for row in rows
            }
            assert len(keys) == len(rows)


def test_dropped_strategies_make_no_other_network(scalenet):
    kept = {
        scalenet.path(genome, row).architecture.key
        for genome in scalenet.sample_genomes(generator(0, "kept"), 5)
        for row in scalenet.strategies(1)
    }
    genomes = scalenet.sample_genomes(generator(0, "kept"), 5)
    ratios = scalenet.layout.scaling[1]
    for depth in ratios.depth:
        for width in ratios.width:
            row = (
                scalenet.ratios.depth.index(depth),
                scalenet.ratios.width.index(width),
                scalenet.ratios.resolution.index(ratios.resolution[1]),
            )
            assert {scalenet.path(genome, row).architecture.key for genome in genomes} <= kept


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(data=st.data(), name=st.sampled_from(["small", "scalenet"]))
def test_repair(data, name, scalenet, small):
    space = {"small": small, "scalenet": scalenet}[name]
    genes = data.draw(
        st.lists(st.integers(-3, 9), min_size=space.num_genes, max_size=space.num_genes)
    )
    raw = np.array([genes])
    repaired = space.repair(raw)
    assert repaired.min() >= 0
    assert all(repaired[0] < [gene.num_choices for gene in space.genes])
    np.testing.assert_array_equal(space.repair(repaired), repaired)
    # Canonical: genes of layers that do not run change nothing.
    clipped = np.clip(raw, 0, [gene.num_choices - 1 for gene in space.genes])
    assert (
        space.path(clipped[0], space.base_triple).key
        == space.path(repaired[0], space.base_triple).key
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), name=st.sampled_from(["small", "scalenet"]))
def test_different_genomes_are_different_networks(seed, name, scalenet, small):
    space = {"small": small, "scalenet": scalenet}[name]
    genomes = np.unique(space.sample_genomes(generator(seed, "different"), 20), axis=0)
    keys = {space.path(genome, space.base_triple).key for genome in genomes}
    assert len(keys) == len(genomes)


def test_a_path_is_what_its_genome_says(small):
    names = [gene.name for gene in small.genes]
    genome = np.zeros(small.num_genes, dtype=np.int64)
    for name, value in {
        "resolution": 2,
        "stem.width": 1,
        "stages[1].depth": 1,
        "stages[1].width": 3,
        "stages[1].expansion": 2,
        "stages[1].kernel[1]": 2,
    }.items():
        genome[names.index(name)] = value
    path = small.path(genome, small.base_triple)
    architecture = path.architecture
    assert path.genome == tuple(genome.tolist())
    assert (architecture.resolution, architecture.stem.width) == (18, 12)
    assert architecture.depths == (1, 2, 1)
    assert architecture.widths == (8, 32, 32)
    second = architecture.stages[1].blocks
    assert [block.kernel for block in second] == [3, 7]
    assert [block.stride for block in second] == [2, 1]
    assert [block.expansion for block in second] == [4.0, 4.0]


def test_the_smallest_and_the_largest_genome(scalenet, small):
    for space in (scalenet, small):
        least, most = (space.path(g, space.base_triple) for g in (space.smallest, space.largest))
        assert tuple(space.repair(np.array([least.genome]))[0]) == least.genome
        for path, end, depth in ((least, min, 0), (most, max, 1)):
            network = path.architecture
            assert network.resolution == end(space.layout.resolutions)
            assert network.stem.width == end(space.layout.stem.widths)
            for stage, choices in zip(network.stages, space.layout.stages, strict=True):
                assert len(stage.blocks) == choices.depth[depth]
                found = {(block.width, block.expansion, block.kernel) for block in stage.blocks}
                assert found == {
                    (end(choices.widths), end(choices.expansions), end(choices.kernels))
                }


def test_choices_need_not_rise(small):
    first, *rest = small.layout.stages
    turned = replace(first, widths=first.widths[::-1], kernels=(5, 3, 7))
    data = replace(small.layout, stages=(turned, *rest), resolutions=small.layout.resolutions[::-1])
    space = Space(data, factors=LADDER)
    for one, other in ((space.smallest, small.smallest), (space.largest, small.largest)):
        assert space.path(one, space.base_triple).key == small.path(other, small.base_triple).key


def test_scaling_multiplies(scalenet):
    genome = scalenet.sample_genomes(generator(0, "scaling"), 1)[0]
    base = scalenet.path(genome, scalenet.base_triple).architecture
    for row in scalenet.strategies(3):
        scaled = scalenet.path(genome, row).architecture
        scaling = scalenet.scaling(row)
        assert scaled.resolution == pytest.approx(base.resolution * scaling.resolution, abs=8)
        for stage, before in zip(scaled.stages, base.stages, strict=True):
            assert len(stage.blocks) == int(np.ceil(len(before.blocks) * scaling.depth - 1e-9))
            width = stage.blocks[-1].width
            assert width % 8 == 0
            assert abs(width - before.blocks[-1].width * scaling.width) <= 4
            repeated = stage.blocks[len(before.blocks) :]
            assert {block.kernel for block in repeated} <= {before.blocks[-1].kernel}
        assert scaled.head == base.head


def test_the_base_strategy_changes_nothing(scalenet, small):
    for space in (scalenet, small):
        assert tuple(space.strategies(0)[0]) == tuple(space.base_triple)
        genome = space.sample_genomes(generator(0, "base"), 1)[0]
        base = space.path(genome, space.base_triple).architecture
        assert apply(base, space.scaling(space.base_triple)) == base


@pytest.mark.parametrize("name", ["small", "medium"])
def test_generated_strategies_follow_the_ladder(name):
    space = load(name, factors=LADDER)
    means = [stage_costs(space, generator(0, "ladder", j), j, num=4000).mean() for j in range(3)]
    for mean, factor in zip(means, LADDER, strict=True):
        assert factor / 1.25 < mean / means[0] < factor * 1.25


def test_a_space_with_a_grid_needs_a_ladder_it_reaches():
    with pytest.raises(ValueError, match="made for a ladder; give budgets"):
        load("small")
    space = load("small", factors=(1.0, 500.0))
    with pytest.raises(ValueError, match=r"budgets: .* about 500, they multiply by 1 to"):
        space.strategies(1)
    with pytest.raises(ValueError, match="5 budgets, but the space has 4"):
        load("scalenet", factors=(1, 2, 4, 8, 16))


def test_a_shorter_ladder_uses_the_first_stages(scalenet):
    shorter = load("scalenet", factors=(1.0, 2.0))
    assert shorter.num_stages == 2
    assert len(shorter.strategies(1)) == len(scalenet.strategies(1))
    assert max(shorter.ratios.depth) == 1.16


def test_the_shape_holds_every_path(scalenet, small):
    for space in (scalenet, small):
        shape = space.shape
        genomes = space.sample_genomes(generator(0, "shape"), 60)
        rows = space.all_strategies
        picks = generator(0, "rows").integers(0, len(rows), 60)
        for path in space.paths(Population(genomes, rows[picks])):
            architecture = path.architecture
            assert architecture.stem.width <= shape.stem.width
            in_width = architecture.stem.width
            for stage, holds in zip(architecture.stages, shape.stages, strict=True):
                assert len(stage.blocks) <= holds.depth
                assert in_width <= holds.in_width
                for block in stage.blocks:
                    assert block.width <= holds.width
                    assert block.kernel in holds.kernels
                    assert block.expansion in holds.expansions
                in_width = stage.blocks[-1].width


def test_summary(scalenet):
    found = summarise(scalenet, sampler="uniform", num_paths=1000, seed=0)
    assert sum(found["histogram"]["counts"]) == 1000
    assert len(found["histogram"]["edges"]) == 65
    assert [stage["distinct"] for stage in found["stages"]] == [1, 12, 45, 42]
    assert found["macs"]["min"] <= found["macs"]["mean"] <= found["macs"]["max"]
    assert summarise(scalenet, sampler="uniform", num_paths=1000, seed=0) == found


@given(st.lists(st.integers(1, 10**12), min_size=1, max_size=50))
def test_every_value_is_in_the_histogram(values):
    found = histogram(np.array(values))
    assert sum(found["counts"]) == len(values)
    assert found["edges"] == sorted(found["edges"])
    assert found["edges"][0] == min(values)


def test_spaces_are_built_from_data(small):
    again = Space(small.layout, factors=LADDER)
    genomes = generator(0, "again")
    np.testing.assert_array_equal(
        again.sample_genomes(generator(0, "again"), 9), small.sample_genomes(genomes, 9)
    )
