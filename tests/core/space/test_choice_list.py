from __future__ import annotations

import itertools
import re
from dataclasses import replace

import numpy as np
import pytest
from choice_spaces import IDENTITY, TINY, drawn, everything, of, tiny
from hypothesis import given, settings
from hypothesis import strategies as st

from escalade.core.network import cost, fittings, kinds
from escalade.core.network.block import Block, SqueezeExcite
from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Hierarchical, Uniform, Window
from escalade.core.scaling.rules import parse as parse_rule
from escalade.core.scaling.scale_by import scaled_by
from escalade.core.space.choice_list import IDENTITIES
from escalade.core.space.layouts import parse, to_json
from escalade.core.space.space import Space
from escalade.core.space.space_summary import candidate_paths, summarise
from escalade.spaces import known
from escalade.spaces.load import load

SCARLET = load("scarlet")
SMALL = load("scarlet_small", in_channels=1, num_classes=10)
K7E6, K7E6_SE, ALL_IDENTITY = 10, 11, 12


def folding(space, folds: bool) -> Space:
    return space.with_layout(replace(space.layout, folds=folds))


# The published space (facts, section 5; the paper's figures in Tables 2 and 3)


@pytest.mark.parametrize(
    ("name", "macs", "params", "papers"),
    [
        ("scarlet_a", 365_307_392, 6_707_720, (365, 6.7)),
        ("scarlet_b", 326_853_440, 6_531_556, (329, 6.5)),
        ("scarlet_c", 280_082_912, 6_073_684, (280, 6.0)),
    ],
)
def test_the_published_networks(name, macs, params, papers):
    found = cost.of(known.load(name))
    assert (found.macs, found.params) == (macs, params)
    assert found.macs / 1e6 == pytest.approx(papers[0], rel=0.01)
    assert found.params / 1e6 == pytest.approx(papers[1], rel=0.015)


@pytest.mark.parametrize(
    ("rule", "factor", "side", "depth", "papers"),
    [("d0_w7_r3", 2.64, 260, 20, (1.0, 12.5)), ("d286_w278_r436", 11.28, 380, 40, (4.2, 27.8))],
)
def test_scaled_as_in_table_4(rule, factor, side, depth, papers):
    base = known.load("scarlet_a")
    scaled = scaled_by(base, parse_rule(rule), factor)
    assert (scaled.resolution, sum(scaled.depths)) == (side, depth)
    ratios = np.array(scaled.widths[1:]) / base.widths[1:]
    assert (abs(ratios - 1.4) <= 4 / np.array(base.widths[1:]) + 0.01).all()
    found = cost.of(scaled)
    assert found.macs / 1e9 == pytest.approx(papers[0], rel=0.05)
    assert found.params / 1e6 == pytest.approx(papers[1], rel=0.05)


@pytest.mark.parametrize(
    ("choice", "macs", "papers"),
    [(K7E6, 557_405_696, 557), (ALL_IDENTITY, 23_156_736, 23)],
)
def test_the_extremes_of_table_2(choice, macs, papers):
    genome = [choice] * 19
    found = cost.of(SCARLET.path(genome).architecture).macs
    assert (found, round(found / 1e6)) == (macs, papers)
    assert SCARLET.costs(of([genome])).tolist() == [macs]


def test_all_identities_leave_stem_pools_and_tail():
    """Facts, section 5: the width stays 16, the tail is 16 -> 1280."""
    net = SCARLET.path([ALL_IDENTITY] * 19).architecture
    blocks = [block for stage in net.stages for block in stage.blocks]
    assert [block.kind for block in blocks] == ["dsconv", *["identity"] * 4]
    assert {block.width for block in blocks} == {16}
    assert [block.stride for block in blocks] == [1, 2, 2, 2, 2]
    rows = {row.name: row.macs for row in cost.layers(net)}
    assert rows["conv_head"] == 16 * 1280 * 7 * 7


def test_published_size_and_layers():
    assert SCARLET.size == SCARLET.distinct == SCARLET.layout.num_genomes == 13**19
    assert (SCARLET.num_genes, len(SCARLET.layout.choices), SMALL.size) == (19, 13, 13**9)
    assert SCARLET.layout.identity_choices == SMALL.layout.identity_choices == {ALL_IDENTITY}
    layers = [layer for *_, layer in SCARLET.shape.layers]
    assert [layer.width for layer in layers] == [
        *([32] * 2 + [40] * 4 + [80] * 4 + [96] * 4 + [192] * 4 + [320])
    ]
    assert [k for k, layer in enumerate(layers, start=1) if layer.stride == 2] == [1, 3, 7, 15]


@pytest.mark.parametrize("name", ["scarlet", "scarlet_small", "scarlet_folds"])
def test_table_1(name):
    """Every layer has its choices in the table's order."""
    rows = [(e, k, se) for e in (3, 6) for k in (3, 5, 7) for se in (False, True)]
    for *_, layer in load(name).shape.layers:
        *blocks, identity = layer.blocks
        assert [(b.expansion, b.kernel, b.se is not None) for b in blocks] == rows
        assert {(b.kind, b.width, b.stride, b.activation) for b in blocks} == {
            ("mbconv", layer.width, layer.stride, "hard_swish")
        }
        assert {b.se for b in blocks} == {None, SqueezeExcite(ratio=0.25, of="hidden")}
        assert identity == Block.linear(layer.width, stride=layer.stride)


def test_the_small_space():
    assert SMALL.layout.identity_choices == {ALL_IDENTITY}
    ends = SMALL.costs(of([SMALL.smallest, SMALL.largest]))
    assert ends[0] < 0.3e6 < 4.5e6 < ends[1] < 5e6
    sampled = SMALL.costs(of(SMALL.sample_genomes(generator(0, "ends"), 5000)))
    assert 0.3e6 < sampled.min() < sampled.max() < 5e6
    assert (SMALL.layout.stem.stride, SMALL.layout.resolution) == (2, 28)


# Genomes and networks


def test_a_genome_by_hand():
    """Removed: one identity, a down-sampling one, and one that carries the width on."""
    path = tiny().path([2, 0, 2, 2, 1])
    se = SqueezeExcite()
    three = Block(kernel=3, expansion=3.0, width=16)
    five = Block(kernel=5, expansion=6.0, width=24, se=se)
    first = Block(kind="dsconv", expansion=1.0, width=8, activation="relu6")
    left = [stage.blocks for stage in path.architecture.stages]
    assert left == [
        (first,),
        (Block.identity(8, stride=2),),
        (three,),
        (Block.identity(16, stride=2), five),
    ]
    runs = [stage.blocks for stage in path.running.stages]
    assert runs == [
        (first,),
        (Block.linear(8, stride=2),),
        (three, Block.linear(16)),
        (Block.linear(24, stride=2), five),
    ]
    assert path.key == path.running.key != path.architecture.key
    for net in (path.architecture, path.running):
        assert (net.resolution, net.in_channels, net.num_classes) == (17, 1, 3)
        assert (net.stem.width, net.stem.stride, net.head.width) == (8, 2, 40)


def test_an_empty_stage_is_left_out():
    net = tiny().path([0, 2, 2, 0, 0]).architecture
    assert net.widths == (8, 8, 24)
    assert not kinds.layers(net.stages[2].blocks[0], 8).adds


def test_without_identities_the_network_runs_as_it_stands():
    path = tiny().path([0, 1, 0, 1, 1])
    assert path.architecture == path.running


def test_how_an_identity_runs():
    runs = {
        identity: tiny(identity=identity).path([2, 2, 0, 2, 2]).running for identity in IDENTITIES
    }
    kinds = {
        identity: [block.kind for stage in net.stages[1:] for block in stage.blocks]
        for identity, net in runs.items()
    }
    assert kinds["let"] == kinds["let_relu"] == ["linear", "linear", "mbconv", "linear", "linear"]
    assert kinds["plain"] == [kind.replace("linear", "identity") for kind in kinds["let"]]
    activations = {identity: net.stages[1].blocks[0].activation for identity, net in runs.items()}
    assert activations == {"let": "none", "let_relu": "relu", "plain": "none"}
    assert {net.widths for net in runs.values()} == {(8, 8, 16, 24)}


@pytest.mark.parametrize("identity", IDENTITIES)
@pytest.mark.parametrize("folds", [False, True])
def test_every_path_of_a_tiny_space(identity, folds):
    """Weights follow positions: no two genomes share a path, though many leave one network."""
    space = folding(tiny().with_identity(identity), folds)
    paths = space.paths(of(everything(space)))
    assert len({path.key for path in paths}) == len(paths) == space.size == 3**5
    assert len({path.architecture.key for path in paths}) < len(paths)
    assert [space.path(space.encode(path.running)) for path in paths] == paths
    plain = [path.architecture for path in tiny(folds=folds).paths(of(everything(space)))]
    assert [path.architecture for path in paths] == plain


def test_where_an_identity_stands_is_not_seen_alone():
    space = tiny()
    one, other = space.path([0, 0, 2, 0, 0]), space.path([0, 2, 0, 0, 0])
    assert one.architecture == other.architecture
    assert one.key != other.key


def blocks_of(net):
    """Every block with its input width."""
    width = net.stem.width
    for block in (block for stage in net.stages for block in stage.blocks):
        yield width, block
        width = block.width


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(data=st.data(), name=st.sampled_from(["tiny", "scarlet", "scarlet_small"]))
def test_every_transformation_can_fold(data, name):
    """In the variant only the next convolution reads it: no max pool, no shortcut around it."""
    space = folding(tiny() if name == "tiny" else load(name), True)
    identity = min(space.layout.identity_choices)
    # Long rows of identities are rare among uniform draws.
    genes = st.one_of(st.just(identity), st.integers(0, len(space.layout.choices) - 1))
    size = space.num_genes
    genome = data.draw(st.lists(genes, min_size=size, max_size=size))
    path = space.path(genome)
    blocks = list(blocks_of(path.running))
    for (_, block), (in_width, after) in itertools.pairwise(blocks):
        if block.kind == "linear":
            assert after.kind in ("linear", "mbconv")
            assert not (after.kind == "linear" and after.stride == 2)
            assert not kinds.layers(after, in_width).adds
    names = [block.kind for _, block in blocks[1:]]
    assert [name != "mbconv" for name in names] == [gene == identity for gene in genome]
    layers = [layer for *_, layer in space.shape.layers]
    strides = [block.stride for _, block in blocks[1:]]
    assert strides == [layer.stride for layer in layers]
    assert space.encode(path.running).tolist() == genome
    # As they are run only identities with a down-sampling one after them in their row.
    row = "".join("ip"[layer.stride == 2] if gene == identity else "b" for layer, gene in
                  zip(layers, genome, strict=True))  # fmt: skip
    bare = [match.end() - match.start() - 1 for match in re.finditer(r"[ip]*p", row)]
    assert names.count("identity") == sum(bare)
    check_left(space, path, genome, identity)


def check_left(space, path, genome, identity):
    """A layer has no shortcut exactly if an identity stands before it; nothing else changes."""
    usual = folding(space, False).path(genome).architecture
    skips = [block.skip for _, block in blocks_of(path.architecture)]
    again = [
        replace(stage, blocks=tuple(replace(block, skip=True) for block in stage.blocks))
        for stage in path.architecture.stages
    ]
    assert replace(path.architecture, stages=tuple(again)) == usual
    rest = iter(list(zip(skips, blocks_of(usual), strict=True))[1:])
    for k, gene in enumerate(genome):
        stride = [layer.stride for *_, layer in space.shape.layers][k]
        if gene == identity and stride == 1:
            continue
        skip, (in_width, block) = next(rest)
        after = k > 0 and genome[k - 1] == identity
        assert skip is not (after and gene != identity and fittings.keeps_shape(block, in_width))


def test_an_identity_before_a_max_pooling_runs_as_it_is():
    blocks = [b for _, b in blocks_of(tiny(folds=True).path([0, 2, 2, 2, 0]).running)][2:5]
    assert blocks == [Block.identity(16), Block.identity(16), Block.linear(24, stride=2)]
    blocks = [b for _, b in blocks_of(tiny(folds=True).path([2, 2, 0, 2, 2]).running)][1:]
    assert [block.kind for block in blocks] == ["linear", "linear", "mbconv", "linear", "linear"]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    name=st.sampled_from(["scarlet", "scarlet_small"]),
    identity=st.sampled_from(IDENTITIES),
    folds=st.booleans(),
)
def test_encode_finds_the_genome(data, name, identity, folds):
    space = folding(load(name).with_identity(identity), folds)
    genes = st.integers(-1, 14)
    genome = data.draw(st.lists(genes, min_size=space.num_genes, max_size=space.num_genes))
    repaired = space.repair(np.array([genome]))[0]
    np.testing.assert_array_equal(repaired, np.clip(genome, 0, 12))
    path = space.path(repaired)
    assert path.genome == tuple(space.encode(path.running))
    assert path.genome == tuple(space.encode(path.running.renamed("other")))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"resolution": 18}, "something differs that the space fixes"),
        ({"block": {"kernel": 7}}, r"stages\[2\].blocks\[0\]: no .* is mbconv of .* with kernel 7"),
        ({"block": {"expansion": 4.0}}, r"stages\[2\].blocks\[0\]: no choice .* expansion 4"),
        ({"block": {"width": 24}}, r"stages\[2\].blocks\[0\]: .* of width 24 "),
        ({"block": {"activation": "relu"}}, r"stages\[2\].blocks\[0\]: .* activation relu$"),
        ({"block": {"se": SqueezeExcite()}}, r"stages\[2\].blocks\[0\]: "),
        ({"identity": "let_relu"}, r"stages\[2\].blocks\[1\]: .* is linear .* activation relu$"),
        ({"skip": False}, "something differs that the space fixes"),
        ({"alone": True}, "their layers are 1, 1, 2, 2 where .* not 1, 1, 1, 2; .* running net"),
    ],
)
def test_networks_outside_the_space(change, words):
    path = tiny(identity=change.get("identity", "let")).path([0, 0, 2, 0, 1])
    net = path.architecture if "alone" in change else path.running
    if "block" in change:
        block = replace(net.stages[2].blocks[0], **change["block"])
        stage = replace(net.stages[2], blocks=(block, net.stages[2].blocks[1]))
        net = replace(net, stages=(*net.stages[:2], stage, net.stages[3]))
    if "skip" in change:
        last = replace(net.stages[3].blocks[1], skip=False)
        stage = replace(net.stages[3], blocks=(net.stages[3].blocks[0], last))
        net = replace(net, stages=(*net.stages[:3], stage))
    net = replace(net, resolution=change.get("resolution", 17))
    with pytest.raises(ValueError, match=f"no network of the space tiny: .*{words}"):
        tiny().encode(net)


@pytest.mark.parametrize("name", ["scarlet", "scarlet_small_folds"])
@pytest.mark.parametrize("identity", IDENTITIES)
def test_the_shape_holds_every_path(name, identity):
    usual = load(name)
    space = usual.with_layout(replace(usual.layout, identity=identity))
    shape = space.shape
    for path in space.paths(drawn(space, 60)):
        net = path.running
        assert (net.stem, net.head, net.stages[0].blocks) == (
            *(shape.stem, shape.head),
            (shape.first,),
        )
        assert net.depths[1:] == tuple(len(stage) for stage in shape.stages)
        width = shape.first.width
        for (i, k, layer), gene in zip(shape.layers, path.genome, strict=True):
            block = net.stages[i].blocks[k]
            assert (layer.in_width, layer.choice_of(block)) == (width, gene)
            width = block.width
            if not space.layout.folds:
                assert block == layer.blocks[gene]


def test_other_data_and_ladders():
    other = SCARLET.with_data(in_channels=1, num_classes=7)
    net = other.path(other.smallest).architecture
    assert (net.in_channels, net.num_classes) == (1, 7)
    assert (other.shape.in_channels, other.shape.num_classes) == (1, 7)
    ladder = SCARLET.with_identity("plain").for_ladder((1.0, 2.0, 4.0), kind="params")
    assert (ladder.factors, ladder.kind, ladder.num_stages) == ((1.0, 2.0, 4.0), "params", 1)
    assert ladder.layout.identity == ladder.training.layout.identity == "plain"
    assert (ladder.layout.folds, load("scarlet_folds").layout.folds) == (False, True)
    assert parse(to_json(ladder.layout)) == ladder.layout
    with pytest.raises(ValueError, match="'none' is not known; use let, let_relu, plain"):
        SCARLET.with_identity("none")


# Ends and sampling


@pytest.mark.parametrize("name", ["scarlet", "scarlet_small", "scarlet_folds"])
def test_the_ends(name):
    space = load(name)
    assert space.smallest.tolist() == [ALL_IDENTITY] * space.num_genes
    assert space.largest.tolist() == [K7E6_SE] * space.num_genes


@pytest.mark.parametrize("folds", [False, True])
def test_no_network_is_cheaper_or_costlier_than_the_ends(folds):
    """Listed; a wide head makes it pay to keep a narrow layer, so the cheapest is not obvious."""
    for head in (40, 4000):
        space = tiny(folds=folds, head={"width": head})
        macs = [cost.of(path.architecture).macs for path in space.paths(of(everything(space)))]
        ends = space.costs(of([space.smallest, space.largest]))
        assert ends.tolist() == [min(macs), max(macs)]


def test_ends_without_identities():
    choices = [{"expansion": 6, "kernel": 5}, {"expansion": 2, "kernel": 7}]
    space = tiny(choices=choices)
    assert space.layout.identity_choices is None
    macs = space.costs(of(everything(space)))
    ends = [space.smallest, space.largest]
    assert space.costs(of(ends)).tolist() == [macs.min(), macs.max()]
    assert all(path.architecture == path.running for path in space.paths(of(ends)))


def test_uniform_draws_every_choice_alike():
    population = Uniform(SMALL).draw(generator(0, "alike"), 40_000)
    assert not population.strategies.any()
    for column in population.genomes.T:
        shares = np.bincount(column, minlength=13) / len(column)
        np.testing.assert_allclose(shares, 1 / 13, atol=0.01)
    assert len(Hierarchical(SMALL).draw(generator(0, "alike"), 10)) == 10


def test_spread_genomes_reach_over_all_costs():
    population = candidate_paths(SMALL, generator(0, "spread"), 0, num=4000)
    assert population.genomes[:2].tolist() == [SMALL.smallest.tolist(), SMALL.largest.tolist()]
    macs = SMALL.costs(population)
    ends = SMALL.costs(of([SMALL.smallest, SMALL.largest]))
    assert (macs.min(), macs.max()) == tuple(ends)
    counts, _ = np.histogram(macs, bins=12, range=tuple(ends))
    assert counts.min() > 4000 / 12 / 4
    assert SMALL.layout.sample_spread(generator(0, "spread"), 1).shape == (1, 9)


def test_a_window_reaches_from_the_first_to_the_last_budget():
    window = Window(targets=(1.5e6, 2e6, 3e6), factor=1.2)
    costs = SMALL.costs(Uniform(SMALL, window=window).draw(generator(0, "window"), 2000))
    assert 1.5e6 / 1.2 <= costs.min() < 1.5e6
    assert 3e6 < costs.max() <= 3e6 * 1.2


@pytest.mark.parametrize("sampler", ["uniform", "hierarchical"])
def test_summary(sampler):
    found = summarise(SMALL, sampler=sampler, num_paths=1000, seed=0)
    assert found["size"] == found["distinct"] == 13**9
    assert [(s["stage"], s["strategies"], s["distinct"]) for s in found["stages"]] == [(0, 1, 1)]
    assert sum(found["histogram"]["counts"]) == 1000


def test_a_space_is_its_data():
    assert parse(TINY) == tiny().layout
    assert tiny().layout.identity_choices == {IDENTITY}
