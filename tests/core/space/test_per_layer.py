from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalade.core.network import cost
from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Hierarchical, Uniform, Window
from escalade.core.space.layouts import parse
from escalade.core.space.path import Population
from escalade.core.space.space import Space
from escalade.core.space.space_numbers import Span
from escalade.core.space.space_summary import summarise
from escalade.spaces import known
from escalade.spaces.load import load

NAMES = ("bignas", "bignas_small")
SPACES = {name: load(name) for name in NAMES}
named = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def bignas():
    return SPACES["bignas"]


@pytest.fixture(scope="module")
def small():
    return SPACES["bignas_small"].with_data(in_channels=1, num_classes=10)


@pytest.fixture(scope="module")
def expanding():
    """A space that also chooses expansions, in one stage of two."""
    data = {
        "format": 1,
        "kind": "layers",
        "name": "expanding",
        "resolutions": [8, 12],
        "stem": {"widths": [8]},
        "stages": [
            {"depth": [1, 2], "widths": [8, 16], "expansions": [2, 3, 4.5], "kernels": [3, 5]},
            {"depth": [2, 3], "widths": [16, 24], "expansions": [2], "stride": 2},
        ],
        "head": {"widths": [32, 40]},
        "num_classes": 3,
    }
    return Space(parse(data))


def with_transitions(space, on: bool) -> Space:
    stages = tuple(replace(stage, transition=on) for stage in space.layout.stages)
    return space.with_layout(replace(space.layout, stages=stages))


def of(genomes) -> Population:
    return Population(genomes, np.zeros((len(genomes), 3), dtype=np.int64))


def drawn(space, num, seed=0) -> Population:
    return of(space.sample_genomes(generator(seed, "layer space"), num))


# The published space


def test_published_ends(bignas):
    """Facts, section 4: the smallest network at 192 pixels, the largest at 320."""
    nets = [bignas.path(g).architecture for g in (bignas.smallest, bignas.largest)]
    assert [net.resolution for net in nets] == [192, 320]
    found = [(cost.of(net).macs, cost.of(net).params) for net in nets]
    assert found == [(217_632_640, 3_845_940), (1_891_542_528, 11_016_998)]


def test_the_network_of_section_4_4(bignas):
    """Depths, widths, kernels of the paper's text; 659 M macs, 637 M without the shortcuts."""
    net = bignas.path(bignas.encode(known.load("bignas_659m"))).architecture
    assert (net.resolution, net.depths) == (256, (1, 2, 2, 2, 4, 4, 1))
    assert (net.stem.width, *net.widths, net.head.width) == (
        *(32, 16, 24, 48, 88, 128, 216, 352, 1408),
    )
    assert [stage.blocks[0].kernel for stage in net.stages] == [3, 3, 5, 3, 5, 5, 3]
    assert round(cost.of(net).macs / 1e6) == 659
    plain = with_transitions(bignas, False)
    genome = bignas.encode(net)
    assert round(cost.of(plain.path(genome).architecture).macs / 1e6) == 637
    assert with_transitions(plain, True).path(genome).key == net.key


def test_published_size(bignas):
    """Per stage the sum over its depths of (widths x kernels)^depth; far more than 10^12."""
    stages = [
        2 + 2**2,
        2**2 + 2**3,
        4**2 + 4**3,
        4**2 + 4**3 + 4**4,
        6**2 + 6**3 + 6**4 + 6**5 + 6**6,
        8**2 + 8**3 + 8**4 + 8**5 + 8**6,
        10 + 10**2,
    ]
    heads = (1408 - 1280) // 8 + 1
    resolutions = (320 - 192) // 4 + 1
    expected = resolutions * 2 * heads * np.prod(stages, dtype=object)
    assert bignas.size == bignas.distinct == bignas.layout.num_genomes == expected
    assert bignas.training.size == expected // resolutions * 4
    assert bignas.size > 10**12


def test_the_small_spaces_ends(small):
    macs = [cost.of(small.path(g).architecture).macs for g in (small.smallest, small.largest)]
    assert macs[0] == pytest.approx(0.2e6, rel=0.1)
    assert macs[1] == pytest.approx(6e6, rel=0.1)
    assert min(small.layout.resolutions) >= 14
    assert max(small.layout.resolutions) <= 32


# Genomes and networks


@settings(max_examples=80, deadline=None)
@given(data=st.data(), name=st.sampled_from([*NAMES, "expanding"]))
def test_repair_and_encode(data, name, expanding):
    space = SPACES.get(name, expanding)
    genes = st.lists(st.integers(-2, 34), min_size=space.num_genes, max_size=space.num_genes)
    raw = np.array([data.draw(genes)])
    repaired = space.repair(raw)
    assert repaired.min() >= 0
    assert all(repaired[0] < [gene.num_choices for gene in space.genes])
    np.testing.assert_array_equal(space.repair(repaired), repaired)
    # Canonical: genes of layers that do not run change nothing.
    clipped = np.clip(raw, 0, [gene.num_choices - 1 for gene in space.genes])
    path = space.path(repaired[0])
    assert space.path(clipped[0]).key == path.key
    assert path.genome == tuple(space.encode(path.architecture))
    assert path.genome == tuple(space.encode(path.architecture.renamed("other")))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), name=st.sampled_from([*NAMES, "expanding"]))
def test_different_genomes_are_different_networks(seed, name, expanding):
    space = SPACES.get(name, expanding)
    genomes = np.unique(drawn(space, 25, seed).genomes, axis=0)
    assert len({space.path(genome).key for genome in genomes}) == len(genomes)


def test_every_network_of_a_tiny_space(expanding):
    """Its size is the number of networks that canonical genomes make."""
    data = expanding.layout
    first = replace(data.stages[0], kernels=(3,), expansions=(2.0, 3.0))
    second = replace(data.stages[1], depth=Span(2, 2), widths=(16,))
    tiny = Space(replace(data, stages=(first, second), selection_step=2))
    assert tiny.layout.choosable == (8, 10, 12)
    counts = [range(gene.num_choices) for gene in tiny.genes]
    everything = np.array(np.meshgrid(*counts, indexing="ij")).reshape(len(counts), -1).T
    genomes = np.unique(tiny.repair(everything), axis=0)
    assert tiny.size == len(genomes) == 3 * 1 * 2 * (4 + 4**2) * 2**2
    assert len({path.key for path in tiny.paths(of(genomes))}) == len(genomes)


def test_a_path_is_what_its_genome_says(expanding):
    names = [gene.name for gene in expanding.genes]
    genome = np.zeros(expanding.num_genes, dtype=np.int64)
    for name, value in {
        "resolution": 1,
        "head.width": 1,
        "stages[0].depth": 1,
        "stages[0].width[1]": 1,
        "stages[0].kernel[0]": 1,
        "stages[0].expansion[1]": 2,
        "stages[1].width[1]": 1,
        "stages[1].kernel[1]": 1,
    }.items():
        genome[names.index(name)] = value
    net = expanding.path(genome).architecture
    assert (net.resolution, net.stem.width, net.head.width, net.depths) == (12, 8, 40, (2, 2))
    first, second = (stage.blocks for stage in net.stages)
    assert [block.width for block in (*first, *second)] == [8, 16, 16, 24]
    assert [block.kernel for block in (*first, *second)] == [5, 3, 3, 5]
    assert [block.expansion for block in (*first, *second)] == [2.0, 4.5, 2.0, 2.0]
    assert [block.stride for block in (*first, *second)] == [1, 1, 2, 1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"resolution": 17}, "resolution: 17 is not among 16, 18, 20, 22, 24, 26, 28"),
        ({"stages": slice(0, 2)}, "stages: the space has 3, not 2"),
        ({"head": {"activation": "relu"}}, "something differs that the space fixes"),
        ({"head": {"width": 100}}, "head.width: 100 is not among 96, 112"),
        ({"block": {"width": 36}}, r"stages\[2\].blocks\[0\].width: 36 is not among 32, 40"),
        ({"block": {"kernel": 7}}, r"stages\[2\].blocks\[0\].kernel: 7 is not among 3, 5"),
        ({"block": {"expansion": 6.0}}, "something differs that the space fixes"),
        ({"block": {"transition": False}}, "something differs that the space fixes"),
    ],
)
def test_networks_outside_the_space(small, change, words):
    net = small.path(small.smallest).architecture
    if "resolution" in change:
        net = replace(net, **change)
    elif "head" in change:
        net = replace(net, head=replace(net.head, **change["head"]))
    elif "stages" in change:
        net = replace(net, stages=net.stages[change["stages"]])
    else:
        block = replace(net.stages[2].blocks[0], **change["block"])
        net = replace(net, stages=(*net.stages[:2], replace(net.stages[2], blocks=(block,))))
    with pytest.raises(ValueError, match=f"no network of the space bignas_small: .*{words}"):
        small.encode(net)


def test_the_training_space_has_the_trained_resolutions(bignas):
    training = bignas.training
    assert training.layout.choosable == (192, 224, 288, 320)
    assert bignas.layout.choosable == tuple(range(192, 321, 4))
    for path in training.paths(drawn(training, 20)):
        assert bignas.path(bignas.encode(path.architecture)).architecture == path.architecture
    assert training.shape == bignas.shape
    assert training.training.layout.choosable == training.layout.choosable


def test_resolutions_between_the_trained_ones():
    data = replace(SPACES["bignas_small"].layout, resolutions=(16, 23, 28), selection_step=5)
    assert data.choosable == (16, 21, 23, 26, 28)
    assert replace(data, selection_step=None).choosable == (16, 23, 28)
    assert replace(data, selection_step=90).choosable == (16, 23, 28)


@named
def test_the_shape_holds_every_path(name):
    space = SPACES[name]
    shape = space.shape
    assert shape.shared_kernels
    for net in (space.path(g).architecture for g in (*drawn(space, 60).genomes, space.largest)):
        assert net.stem.width <= shape.stem.width
        assert net.head.width <= shape.head.width
        in_width = net.stem.width
        for stage, holds in zip(net.stages, shape.stages, strict=True):
            assert len(stage.blocks) <= holds.depth
            for position, block in enumerate(stage.blocks):
                assert in_width <= holds.largest_in_width(position)
                assert block.width <= holds.width
                assert block.kernel in holds.kernels
                assert (block.transition, block.expansion in holds.expansions) == (True, True)
                in_width = block.width


# Costs


@settings(max_examples=12, deadline=None)
@given(
    name=st.sampled_from([*NAMES, "expanding"]),
    seed=st.integers(0, 2**32),
    in_channels=st.sampled_from([1, 3]),
    num_classes=st.sampled_from([2, 1000]),
    on=st.booleans(),
)
def test_costs_on_any_data(name, seed, in_channels, num_classes, on, expanding):
    space = with_transitions(SPACES.get(name, expanding), on).training
    space = space.with_data(in_channels=in_channels, num_classes=num_classes)
    population = drawn(space, 4, seed)
    found = [cost.of(path.architecture) for path in space.paths(population)]
    for kind in ("macs", "params", "activations", "memory"):
        assert space.costs(population, kind).tolist() == [getattr(each, kind) for each in found]


def test_genes_of_layers_that_do_not_run_cost_nothing(small):
    num_choices = [gene.num_choices for gene in small.genes]
    genomes = generator(0, "raw").integers(0, num_choices, (200, small.num_genes))
    repaired = small.repair(genomes)
    assert (repaired != genomes).any()
    np.testing.assert_array_equal(small.costs(of(genomes)), small.costs(of(repaired)))


# Sampling


def test_uniform_draws_every_choice_alike(small):
    population = Uniform(small).draw(generator(0, "alike"), 40_000)
    np.testing.assert_array_equal(small.repair(population.genomes), population.genomes)
    assert not population.strategies.any()
    nets_run = population.genomes
    for i, gene in enumerate(small.genes):
        if gene.name.endswith(("width", "depth", "resolution", "[0]")):  # these always run
            shares = np.bincount(nets_run[:, i], minlength=gene.num_choices) / len(nets_run)
            np.testing.assert_allclose(shares, 1 / gene.num_choices, atol=0.01)


@pytest.mark.parametrize("balance", ["none", "both"])
def test_a_window_reaches_from_the_first_to_the_last_budget(small, balance):
    window = Window(targets=(0.5e6, 1e6, 3e6), factor=1.2, balance=balance)
    costs = small.costs(Uniform(small, window=window).draw(generator(0, "window"), 2000))
    assert 0.5e6 / 1.2 <= costs.min() < 0.5e6
    assert 3e6 < costs.max() <= 3e6 * 1.2
    far = Window(targets=(50e6, 100e6))
    with pytest.raises(ValueError, match=r"budgets: hardly any path of bignas_small costs about"):
        Uniform(small, window=far).draw(generator(0, "window"), 5)


def test_hierarchical_has_one_stage_here(small):
    assert [rows.tolist() for rows in (small.strategies(0), small.all_strategies)] == [
        [[0, 0, 0]],
        [[0, 0, 0]],
    ]
    drawn = Hierarchical(small).draw(generator(0, "one"), 100)
    np.testing.assert_array_equal(small.repair(drawn.genomes), drawn.genomes)
    words = r"hierarchical draws a scaling stage for each of the 2 budgets, .* has 1; use uniform"
    with pytest.raises(ValueError, match=words):
        Hierarchical(small, window=Window(targets=(1e6, 2e6)))


@pytest.mark.parametrize("sampler", ["uniform", "hierarchical"])
def test_summary(small, sampler):
    found = summarise(small, sampler=sampler, num_paths=1000, seed=0)
    assert found["size"] == found["distinct"] == small.layout.num_genomes
    assert [(s["stage"], s["strategies"], s["distinct"]) for s in found["stages"]] == [(0, 1, 1)]
    assert sum(found["histogram"]["counts"]) == 1000
    ends = small.costs(of(np.stack([small.smallest, small.largest])))
    assert ends[0] <= found["macs"]["min"] <= found["macs"]["mean"] <= found["macs"]["max"]
    assert found["macs"]["max"] <= ends[1]
