"""The quantised linear function against timm's, published shapes, and what a RegNet is made of."""

from __future__ import annotations

import itertools
import warnings
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from escalade.core.network import cost, kinds
from escalade.core.network.block import Head, Rounding, Stem
from escalade.core.network.regnet import regnet, stages
from escalade.core.numbers.seeds import generator

Y_400MF = {"depth": 16, "w0": 48, "wa": 27.89, "wm": 2.09, "group_width": 8}

depths = st.integers(1, 30)
w0s = st.integers(1, 32).map(lambda n: 8 * n)
was = st.floats(0, 120, width=32)
wms = st.floats(1.5, 3.0, width=32)
groups = st.sampled_from([1, 2, 4, 8, 16, 24, 40, 64, 112])


@pytest.mark.parametrize(
    ("numbers", "widths", "num_blocks", "group_widths"),
    [
        ((16, 48, 27.89, 2.09, 8, 1), (48, 104, 208, 440), (1, 3, 6, 6), (8, 8, 8, 8)),
        ((22, 96, 31.41, 2.24, 64, 1), (128, 192, 512, 1088), (2, 6, 12, 2), (64, 64, 64, 64)),
        ((21, 16, 10.7, 2.51, 4, 4), (16, 40, 104, 256), (1, 4, 9, 7), (4, 4, 4, 4)),
        ((17, 184, 60.83, 2.07, 56, 1), (168, 392, 784, 1624), (2, 4, 10, 1), (56, 56, 56, 56)),
    ],
    ids=["RegNetY-400MF", "RegNetY-4.0GF", "RegNetZ-500MF", "RegNetX-6.4GF"],
)
def test_published_stages(numbers, widths, num_blocks, group_widths):
    depth, w0, wa, wm, group_width, ratio = numbers
    made = stages(depth, w0, wa, wm, group_width=group_width, bottleneck_ratio=ratio)
    assert tuple(zip(*made, strict=True)) == (widths, num_blocks, group_widths)


@pytest.mark.parametrize("ratio", [1.0, 4.0])
def test_stages_are_timms(ratio):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from timm.models.regnet import adjust_widths_groups_comp, generate_regnet
    rng = generator(0, "regnet")
    seen = set()
    for _ in range(300):
        depth, w0 = int(rng.integers(1, 31)), 8 * int(rng.integers(1, 33))
        wa, wm = round(rng.uniform(1, 120), 2), round(rng.uniform(1.5, 3), 2)
        group_width = int(rng.choice([4, 8, 16, 24, 64, 112]))
        blocks, num_stages, same = generate_regnet(wa, w0, wm, depth, group_width)
        widths = sorted(set(blocks))
        fitted, group_widths = adjust_widths_groups_comp(widths, [ratio] * num_stages, same)
        expected = zip(fitted, [blocks.count(width) for width in widths], group_widths, strict=True)
        found = stages(depth, w0, wa, wm, group_width=group_width, bottleneck_ratio=ratio)
        assert found == tuple(expected)
        seen.add(num_stages)
    assert {1, 2, 3, 4} <= seen


@given(depths, w0s, was, wms, groups, st.sampled_from("xyz"))
def test_every_regnet_is_a_network(depth, w0, wa, wm, group_width, kind):
    made = stages(
        depth, w0, wa, wm, group_width=group_width, bottleneck_ratio=4 if kind == "z" else 1
    )
    assume(len(made) <= 7)
    network = regnet(
        kind, depth=depth, w0=w0, wa=wa, wm=wm, group_width=group_width, resolution=256
    )
    assert network.depths == tuple(num for _, num, _ in made)
    assert sum(network.depths) == depth
    assert network.widths == tuple(width for width, _, _ in made)
    for i, stage in enumerate(network.stages):
        assert [block.stride for block in stage.blocks] == [2] + [1] * (len(stage.blocks) - 1)
        for block in stage.blocks:
            assert kinds.hidden(block, 0) == block.width * (4 if kind == "z" else 1)
            assert kinds.hidden(block, 0) % block.group_width == 0
            assert block.group_width == made[i][2] <= group_width
    if group_width <= 8:
        assert list(network.widths) == sorted(network.widths)
        assert all(width % 8 == 0 for width in network.widths)


@given(depths, w0s, wms)
def test_without_a_slope_there_is_one_stage(depth, w0, wm):
    assert stages(depth, w0, 0, wm, group_width=8) == ((w0, depth, 8),)


def test_what_the_kinds_differ_in():
    x, y, z = (regnet(kind, **Y_400MF) for kind in "xyz")
    first = {network.stages[0].blocks[0].kind for network in (x, y)}
    assert first == {"bottleneck"}
    assert x.stages[0].blocks[0].se is None
    assert replace(y.stages[0].blocks[0], se=None) == x.stages[0].blocks[0]
    block = z.stages[0].blocks[0]
    assert (block.kind, block.expansion, block.activation) == ("regnet_z", 4.0, "swish")
    assert kinds.se_width(block, 32) == kinds.se_width(y.stages[0].blocks[0], 32) == 8
    assert (x.head.width, z.head.width) == (None, 1000)
    assert cost.of(x).macs < cost.of(y).macs < cost.of(z).macs


def test_small_images():
    """Another stem, head and step, and fewer down-samplings than stages."""
    network = regnet(
        "y",
        depth=8,
        w0=12,
        wa=6.0,
        wm=2.0,
        group_width=4,
        resolution=14,
        in_channels=1,
        num_classes=10,
        stem=Stem(width=8, stride=1, activation="relu"),
        strides=(1, 2),
        head=Head(width=64, activation="relu"),
        rounding=Rounding(width=4, resolution=1),
        name="tiny",
    )
    assert network.widths == (12, 24, 48)
    assert [stage.blocks[0].stride for stage in network.stages] == [1, 2, 2]
    assert [stage.resolution for stage in cost.stages(network)] == [14, 14, 7, 4, 1]
    assert (network.name, network.in_channels, network.num_classes) == ("tiny", 1, 10)
    assert network.rounding == Rounding(4, 1)
    assert network.head.width == 64


@given(st.integers(1, 20), st.integers(1, 20), was, wms)
def test_widths_are_multiples_of_the_step(depth, multiple, wa, wm):
    made = stages(depth, 4 * multiple, wa, wm, group_width=1, step=4)
    assert all(width % 4 == 0 for width, _, _ in made)
    assert all(a < b for (a, _, _), (b, _, _) in itertools.pairwise(made))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"depth": 0}, "depth: 0 is not positive"),
        ({"w0": -8}, "w0: -8 is not positive"),
        ({"w0": 50}, "w0: 50 is not a multiple of 8"),
        ({"wa": -0.5}, "wa: -0.5 is outside"),
        ({"wa": float("nan")}, "wa: nan is outside"),
        ({"wm": 1.0}, "wm: 1.0 is outside"),
        ({"group_width": 0}, "group_width: 0 is not positive"),
        ({"bottleneck_ratio": 0.0}, "bottleneck_ratio: 0.0 is outside"),
        ({"strides": ()}, "strides: expected at least one"),
        ({"strides": (3,)}, "stride: 3 is neither 1 nor 2"),
        ({"resolution": 31}, "31 is too small for strides whose product is 32"),
    ],
)
def test_wrong_numbers(change, message):
    with pytest.raises(ValueError, match=message):
        regnet("y", **(Y_400MF | change))


def test_an_unknown_kind():
    with pytest.raises(ValueError, match="'w' is not known; use one of x, y, z"):
        regnet("w", **Y_400MF)
