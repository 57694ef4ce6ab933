"""`linear`, `identity` and `skip`: what they are in files, what they cost, how they scale."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from escalade.core.latency.latency_table import LatencyTable
from escalade.core.latency.work import works_of
from escalade.core.network import cost, kinds
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.core.network.cost import Cost
from escalade.core.numbers.budget import Budget
from escalade.core.scaling.lattice import meet_budget
from escalade.core.scaling.ratios import Scaling, apply, with_depth
from escalade.core.scaling.scale_by import scale
from part_times import expected, measured
from sample_networks import scarlet, scarlet_running

MB = Block(expansion=3.0, width=16)


def network(*stages, stem=8, resolution=18) -> Architecture:
    return Architecture(
        resolution=resolution,
        in_channels=1,
        num_classes=3,
        stem=Stem(width=stem, stride=2),
        stages=tuple(Stage(blocks=tuple(blocks)) for blocks in stages),
        head=Head(width=32),
    )


# --- values ---


@pytest.mark.parametrize("architecture", [scarlet(), scarlet_running()], ids=lambda each: each.name)
def test_files_round_trip(architecture):
    text = json.dumps(architecture.to_json())
    again = Architecture.from_json(json.loads(text))
    assert again == architecture
    assert again.key == architecture.key
    assert json.dumps(again.to_json()) == text


def test_a_file_may_leave_out_what_says_nothing():
    data = network([Block.linear(16, stride=2)], [Block.identity(16, stride=2)]).to_json()
    bare = json.loads(json.dumps(data))
    bare["stages"][0]["blocks"] = [{"kind": "linear", "width": 16, "stride": 2}]
    bare["stages"][1]["blocks"] = [{"kind": "identity", "width": 16, "stride": 2}]
    assert Architecture.from_json(bare).to_json() == data
    canonical = "kind kernel stride expansion width se group_width activation"
    for stage in data["stages"]:
        (block,) = stage["blocks"]
        assert " ".join(block) == canonical
        assert (block["kernel"], block["expansion"], block["activation"]) == (1, 1.0, "none")


def test_a_skip_is_in_the_file_only_where_there_is_none():
    made, plain = (network([replace(MB, width=8, skip=on)]) for on in (False, True))
    assert made.to_json()["stages"][0]["blocks"][0]["skip"] is False
    assert "skip" not in json.dumps(plain.to_json())
    assert Architecture.from_json(made.to_json()) == made
    assert made.key != plain.key


def test_a_missing_skip_counts_only_where_the_shape_stays():
    made, plain = (network([replace(MB, skip=on)]) for on in (False, True))
    assert made != plain
    assert made.key == plain.key


@pytest.mark.parametrize(
    ("block", "words"),
    [
        (replace(Block.linear(16), kernel=3), "blocks[0].kernel: linear has none; use 1"),
        (replace(Block.linear(16), expansion=6.0), "expansion: linear has none; use 1.0"),
        (replace(Block.linear(16), se=SqueezeExcite()), "blocks[0].se: linear has none; use null"),
        (replace(Block.identity(8), group_width=8), "group_width: identity has none; use null"),
        (replace(Block.linear(8), transition=True), "transition: linear has none; use false"),
        (replace(Block.linear(8), skip=False), "blocks[0].skip: linear has none; use true"),
        (Block.linear(8, activation="swish"), "'swish' is not known; use one of none, relu"),
        (replace(Block.identity(8), activation="relu"), "'relu' is not known; use one of none"),
        (Block.identity(7), "blocks[0].width: 7 is below the input's 8; an identity drops no"),
        (Block.identity(8, stride=3), "blocks[0].stride: 3 is neither 1 nor 2"),
        (replace(MB, skip=False, transition=True), "skip: false forbids the shortcut"),
        (Block(kind="bottleneck", width=8, skip=False), "skip: bottleneck keeps its shortcut"),
        (Block(width=8, activation="none"), "blocks[0].activation: 'none' is not known"),
    ],
)
def test_what_cannot_be_is_refused(block, words):
    with pytest.raises(ValueError) as caught:
        network([block])
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_identity_is_as_wide_as_the_stage_before():
    with pytest.raises(ValueError, match=r"stages\[1\].blocks\[0\].width: 12 is below .* 16;"):
        network([MB], [Block.identity(12, stride=2)])


@pytest.mark.parametrize("in_width", [8, 16])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("block", [Block.linear(16), Block.identity(16), replace(MB, skip=False)])
def test_none_has_a_shortcut(block, stride, in_width):
    block = replace(block, stride=stride)
    assert not kinds.layers(block, in_width).adds
    assert not kinds.layers(block, in_width).projects


# --- costs, of 8 channels at 9 x 9 to 16; stride 2 leaves 5 x 5 ---


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (Block.identity(8), Cost(0, 0, 0, 4 * 81 * 8)),
        (Block.identity(8, stride=2), Cost(0, 0, 0, 4 * (81 + 25) * 8)),
        (Block.identity(16), Cost(0, 0, 0, 4 * 81 * (8 + 16))),
        (Block.identity(16, stride=2), Cost(0, 0, 0, 4 * (81 + 25) * 8)),
        (Block.linear(16), Cost(81 * 8 * 16, 8 * 16, 81 * 16, 4 * 81 * 24)),
        (Block.linear(16, activation="relu"), Cost(81 * 8 * 16, 8 * 16, 81 * 16, 4 * 81 * 24)),
        (Block.linear(16, stride=2), Cost(25 * 8 * 16, 8 * 16, 25 * 16, 4 * (81 + 25) * 8)),
    ],
)
def test_what_a_block_costs(block, expected):
    found = cost.stages(network([block]))[1]
    assert Cost(found.macs, found.params, found.activations, found.memory) == expected
    assert (found.width, found.resolution) == (block.width, 5 if block.stride == 2 else 9)


def test_a_skip_costs_nothing_but_memory():
    block = replace(MB, width=8)
    found, without = (cost.of(network([each])) for each in (block, replace(block, skip=False)))
    assert found == replace(without, memory=found.memory)
    assert found.memory == without.memory + 4 * 81 * 8  # the input waits for the sum


def test_all_identity_counts_what_facts_say():
    """Facts, section 5: stem, separable convolution, four pools and the tail, 23.2 M."""
    pools = ([Block.identity(16, stride=2)] for _ in range(4))
    separable = Block(kind="dsconv", expansion=1.0, width=16, activation="relu6")
    found = cost.of(
        Architecture(
            resolution=224,
            stem=Stem(width=32, activation="relu6"),
            stages=tuple(Stage(blocks=tuple(blocks)) for blocks in ([separable], *pools)),
            head=Head(width=1280, activation="relu6"),
        )
    )
    assert round(found.macs / 1e6, 1) == 23.2


# --- latency ---


@pytest.mark.slow
def test_latencies_of_layers_left_out():
    """A device whose layers cost what they are: the fitted table finds it again."""
    sizes = [(width, side) for width in (8, 12, 16, 24, 40, 56) for side in (7, 9, 12, 16, 21, 30)]

    def each(width, side):
        kept = replace(MB, width=8)
        return [
            network([Block.linear(width, stride=stride)], resolution=2 * side) for stride in (1, 2)
        ] + [
            network([Block.identity(8, stride=2), replace(MB, width=width)], resolution=2 * side),
            network([kept], resolution=2 * side),
            network([replace(kept, skip=False)], resolution=2 * side),
        ]

    networks = [each_one for width, side in sizes for each_one in each(width, side)]
    parts = measured(networks)
    assert {work.group.kind for work in parts} >= {"linear", "identity", "mbconv"}
    table = LatencyTable(settings="fake", parts=parts)
    for made in networks[::7]:  # some of each sort
        assert table.of(made) == pytest.approx(expected(made), rel=1e-3)
    *_, added, alone = networks
    assert table.of(added) - table.of(alone) == pytest.approx(1e-5, rel=1e-2)


def test_kinds_that_were_not_measured_are_named():
    table = LatencyTable(settings="fake", parts=dict.fromkeys(works_of(network([MB])), 1.0))
    with pytest.raises(ValueError, match="no linear was measured"):
        table.of(network([Block.linear(16)]))


# --- scaling ---


@pytest.mark.parametrize(
    ("blocks", "depth", "expected"),
    [
        ((Block.identity(8, stride=2), MB), 4, (Block.identity(8, stride=2), MB, MB, MB)),
        ((Block.identity(8, stride=2),), 3, (Block.identity(8, stride=2),)),
        ((Block.linear(16),), 2, (Block.linear(16),)),
        ((replace(MB, stride=2), Block.linear(24)), 3,
         (replace(MB, stride=2), Block.linear(24), replace(MB, width=24))),
        ((replace(MB, skip=False),), 2, (replace(MB, skip=False), MB)),
        ((Block.identity(8), MB, MB), 2, (Block.identity(8), MB)),
    ],
)  # fmt: skip
def test_depth_repeats_no_layer_left_out(blocks, depth, expected):
    assert with_depth(blocks, depth) == expected


def test_width_is_linears_own_and_an_identitys_inputs():
    base = network([MB], [Block.identity(16, stride=2), Block.linear(24)], [Block.linear(40)])
    wider = apply(base, Scaling(width=1.5))
    assert wider.stages[1].blocks == (Block.identity(24, stride=2), Block.linear(32))
    assert wider.widths == (24, 32, 64)  # 36 and 60 to multiples of 8, half to even
    assert apply(base, Scaling()) == base


@pytest.mark.parametrize("rule", ["d", "w", "r", "dwr", "dWr", "compound"])
@pytest.mark.parametrize("step", [1, 4, 8])
@pytest.mark.parametrize("made", [scarlet, scarlet_running])
def test_every_rule_scales_them(rule, step, made):
    """Widths whose steps depend on their readers: what a pool hands on has one width."""
    base = replace(made(), rounding=replace(made().rounding, width=step))
    factors = [scale(base, rule, factor) for factor in (1.7, 3.0, 6.0)]
    costs = [cost.of(each).macs for each in (base, *factors)]
    assert costs == sorted(costs)
    for each in factors:
        assert Architecture.from_json(each.to_json()) == each
        width = each.stem.width
        for stage in each.stages:
            for block in stage.blocks:
                assert block.kind != "identity" or rule in "dr" or block.width == width
                width = block.width


def test_budgets_are_met_by_roundings_of_them():
    base = scarlet()
    budget = Budget(4.0 * cost.of(base).macs, "macs", 0.02)
    met = meet_budget(base, scaling=Scaling(1.5, 1.4, 1.2), budget=budget, resolution_divisor=1)
    assert budget.contains(cost.of(met).macs)
    assert met.stages[1].blocks[0] == Block.identity(met.widths[0], stride=2)
    assert met.stages[2].blocks == (Block.identity(met.widths[1], stride=2),)
