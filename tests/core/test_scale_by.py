from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch.utils.flop_counter import FlopCounterMode

from escalade.core.network import cost, kinds
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, Rounding, Stage, Stem
from escalade.core.numbers.rounding import round_to
from escalade.core.numbers.seeds import generator
from escalade.core.sampling.samplers import Uniform
from escalade.core.scaling.rules import NAMED, parse
from escalade.core.scaling.scale_by import scale, scaled_by
from escalade.nets.build import blank
from escalade.spaces import known
from escalade.spaces.load import load
from escalade.spaces.scaled import load as scaled_by_name

B0 = known.load("efficientnet_b0")
BASES = ["efficientnet_b0", "mobilenet_v3_large", "regnet_z_500mf", "regnet_y_4gf", "resnet50"]
BASES += ["resnext50_32x4d"]
RULES = [*NAMED, "alpha=0.5", "d1_w8_g8_r1", "d1_w1_g0_r1"]


def residual(*, width=48, expansion=1.0, group_width=8):
    """Two stages of two bottlenecks."""
    block = Block(
        kind="bottleneck",
        width=width,
        expansion=expansion,
        group_width=group_width,
        activation="relu",
    )
    stage = Stage(blocks=(replace(block, stride=2), block))
    return Architecture(
        name="mine",
        resolution=64,
        stem=Stem(width=32, activation="relu"),
        stages=(stage, stage),
        head=Head(width=None, activation="relu"),
    )


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize("rule", RULES)
def test_a_factor_of_one_changes_nothing(name, rule):
    base = known.load(name)
    assert scale(base, rule, 1.0) is base


def test_odd_sizes_stay_where_the_rule_does_not_move_them(architecture):
    """12 and 20 are no multiples of 8, 21 none of 4: a ratio of 1 leaves them."""
    deeper = scale(architecture, "d", 3.0)
    assert deeper.depths == (3, 6)
    assert (deeper.widths, deeper.resolution) == (architecture.widths, 21)
    assert (deeper.stem, deeper.head) == (architecture.stem, architecture.head)
    finer = scale(architecture, "r", 4.0)
    assert (finer.resolution, finer.stages) == (40, architecture.stages)  # 42, half to even
    wider = scale(architecture, "w", 4.0)
    assert (wider.resolution, wider.depths) == (21, architecture.depths)


def test_the_name_tells_how_and_makes_it_again():
    scaled = scale(B0, "dWr", 11.0)
    assert scaled.name == "efficientnet_b0:dWr:11"
    base, rule, factor = scaled.name.split(":")
    assert scale(known.load(base), rule, float(factor)) == scaled


def test_efficientnet_by_hand():
    """B0 by w at factor 4: every width doubles, stem and head too, nothing else changes."""
    scaled = scale(B0, "w", 4.0)
    assert scaled.widths == tuple(2 * width for width in B0.widths)
    assert (scaled.stem.width, scaled.head.width) == (64, 2560)
    assert (scaled.depths, scaled.resolution) == (B0.depths, B0.resolution)
    assert [b.expansion for s in scaled.stages for b in s.blocks] == [
        b.expansion for s in B0.stages for b in s.blocks
    ]


def test_depth_is_rounded_half_to_even_and_repeats_the_last_block():
    scaled = scale(B0, "d", 1.5)
    assert scaled.depths == (2, 3, 3, 4, 4, 6, 2)  # 1.5, 3, 3, 4.5, 4.5, 6, 1.5
    for stage, before in zip(scaled.stages, B0.stages, strict=True):
        assert stage.blocks[: len(before.blocks)] == before.blocks
        last = replace(before.blocks[-1], stride=1)
        assert set(stage.blocks[len(before.blocks) :]) <= {last}


def test_hidden_head_layers_scale_and_the_stems_of_regnets_do_not():
    mobile = known.load("mobilenet_v3_large")
    scaled = scale(mobile, "w", 4.0)
    assert (scaled.head.width, scaled.head.hidden) == (2 * 960, 2 * 1280)
    regnet = known.load("regnet_z_500mf")
    wider = scale(regnet, "w", 4.0)
    assert (wider.stem, wider.head) == (regnet.stem, regnet.head)
    assert wider.widths == tuple(2 * width for width in regnet.widths)


def test_group_widths_go_with_widths_unless_weights_leave_them():
    base = residual(width=48, group_width=8)
    assert [b.group_width for b in scale(base, "w", 4.0).stages[0].blocks] == [16, 16]
    assert [b.group_width for b in scale(base, "d1_w1_g0", 16.0).stages[0].blocks] == [8] * 8
    alone = scale(base, "g1", 3.0)
    assert alone.widths == (48, 48)
    assert alone.stages[0].blocks[0].group_width == 24


def test_widths_move_so_that_groups_divide_them():
    """48 by sqrt(1.7): 62.6, so 64; 8 by sqrt(1.7): 10.4, so 8. By 2.6: 80 and 16, and so on."""
    for factor in (1.3, 1.7, 2.6, 3.3, 7.0, 12.5, 40.0):
        scaled = scale(residual(), "w", factor)
        width, block = 48 * factor**0.5, scaled.stages[0].blocks[0]
        assert block.width % block.group_width == 0
        assert abs(block.width - width) <= width / 3 + 4  # "by at most 1/3" (section 3.5)


def test_a_group_width_above_the_hidden_width_becomes_one_group():
    alone = scale(residual(width=48, group_width=8), "g1", 1000.0)
    assert alone.stages[0].blocks[0].group_width == 48


def test_depthwise_convolutions_stay_depthwise():
    """Section 3.5: a group width of 1 does not scale."""
    scaled = scale(residual(group_width=1), "w", 100.0)
    assert {b.group_width for s in scaled.stages for b in s.blocks} == {1}
    with pytest.raises(ValueError, match="g1 scales only group widths, and there are none"):
        scale(B0, "g1", 4.0)


def test_compound_makes_b2_but_for_its_resolution():
    """One step gives B2's depths and widths; its published resolution, 260, is not 1.15 * 224."""
    b2 = known.load("efficientnet_b2")
    scaled = scale(B0, "compound", 1.2 * 1.1**2 * 1.15**2)
    assert replace(scaled, resolution=260, name="efficientnet_b2") == b2
    assert scaled.resolution == 256


def test_compound_makes_b3s_body_in_two_steps():
    b3 = known.load("efficientnet_b3")
    scaled = scale(B0, "compound", (1.2 * 1.1**2 * 1.15**2) ** 2)
    assert (scaled.stem, scaled.stages) == (b3.stem, b3.stages)
    assert (scaled.resolution, b3.resolution) == (296, 300)
    assert (scaled.head.width, b3.head.width) == (1552, 1536)


def test_small_spaces_keep_their_own_steps():
    """Resolutions in steps of 1; widths in steps of 4 where timm's builder keeps them."""
    space = load("small", factors=(1.0, 2.0, 4.0))
    paths = space.paths(Uniform(space).draw(generator(0, "scale"), 40))
    fours = set()
    for base in (path.architecture for path in paths):
        assert base.rounding == Rounding(width=4, resolution=1)
        scaled = scale(base, "dwr", 3.7)
        assert scaled.resolution == round(base.resolution * 3.7 ** (1 / 6))
        blocks = [block for stage in scaled.stages for block in stage.blocks]
        widths = (scaled.stem.width, *(block.width for block in blocks))
        assert all(width % 4 == 0 for width in widths)
        for width, reader in zip(widths, blocks, strict=False):
            assert width * reader.expansion % 8 == 0
        fours |= {width for width in widths if width % 8}
    assert fours


@pytest.mark.slow
@pytest.mark.parametrize("name", BASES)
@settings(max_examples=40, deadline=None)
@given(rule=st.sampled_from(RULES), factor=st.floats(0.3, 60))
def test_whatever_is_scaled_is_legal_and_near_its_ratios(name, rule, factor):
    base = known.load(name)
    assume(factor != 1)
    scaled, scaling = scaled_by(base, parse(rule), factor), parse(rule).scaling(factor)
    assert scaled.resolution == (
        base.resolution
        if scaling.resolution == 1
        else round_to(base.resolution * scaling.resolution, 4)
    )
    for stage, before in zip(scaled.stages, base.stages, strict=True):
        assert len({block.width for block in stage.blocks}) == 1  # shortcuts fit
        assert abs(len(stage.blocks) - len(before.blocks) * scaling.depth) <= 1
        width = before.blocks[-1].width * scaling.width
        assert abs(stage.blocks[-1].width - width) <= max(8, width / 3 + 4)
    assert Architecture.from_json(scaled.to_json()) == scaled


@pytest.mark.slow
@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([0.25, 0.3, 0.5, 1.0, 1.5, 2.0, 2.5, 4.0]),
    st.integers(1, 12),
    st.floats(0.2, 40),
)
def test_groups_divide_whatever_the_expansion(expansion, groups, factor):
    width = 80
    hidden = round(width * expansion)
    assume(hidden % groups == 0)
    base = residual(width=width, expansion=expansion, group_width=hidden // groups)
    scaled = scale(base, "w", factor)
    for block in scaled.stages[0].blocks:
        assert kinds.hidden(block, 0) % block.group_width == 0


def test_a_resolution_too_small_for_the_strides():
    with pytest.raises(ValueError, match=r"factor: 0.005 by rule r makes no network of effic") as e:
        scale(B0, "r", 0.005)
    assert "resolution: 16 is too small for strides whose product is 32" in str(e.value)


@pytest.mark.parametrize(
    ("rule", "factor", "words"),
    [
        ("d", 1e6, "makes 16,000,000 blocks; at most 2,000"),
        ("w", 1e8, "makes 12,800,000 channels in a layer; at most 1,000,000"),
        ("r", 1e300, r"makes 2.24e\+152 pixels a side; at most 1,000,000"),
        ("w1_g99", 1e7, "is too large for rule w1_g99"),
    ],
)
def test_a_factor_that_would_fill_the_memory(rule, factor, words):
    with pytest.raises(ValueError, match=words):
        scale(B0, rule, factor)


@pytest.mark.parametrize(
    "name",
    [
        "efficientnet_b0:dWr:11",
        "efficientnet_b0:compound:3.7",
        "mobilenet_v3_large:dwr:2",
        "regnet_z_500mf:dWr:8.1",
        "regnet_y_4gf:d1_w1_g0_r1:3",
        "resnext50_32x4d:w:2",
        "resnet50:dWr:0.5",
    ],
)
def test_scaled_networks_are_built_as_they_are_counted(name):
    """torch's FLOP counter and the parameters of timm's modules."""
    architecture = scaled_by_name(name)
    network, found = blank(architecture).eval(), cost.of(architecture)
    side = architecture.resolution
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.empty(1, architecture.in_channels, side, side, device="meta"))
    assert counter.get_total_flops() == 2 * found.macs
    assert sum(p.numel() for p in network.parameters()) == found.params
