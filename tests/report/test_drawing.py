"""Drawings of architectures: what stands for what."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from fixture import row

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.core.numbers.rounding import conv_side
from escalade.report.drawing import draw
from escalade.spaces import known
from escalade.spaces.load import load

NAMES = ("resnet50", "regnet_y_800mf", "regnet_z_500mf", "mobilenet_v3_large", "efficientnet_b0")


def drawn(shape, running=None, widest=None):
    member = replace(row(), architecture=shape, running=running)
    return draw(member, shape, widest=widest or max(shape.widths))


def layers(shape, running=None, **more):
    groups = drawn(shape, running, **more).groups
    return [layer for layers in groups.values() for layer in layers]


def path():
    space = load("scarlet_small")
    #        pool+2 ids, then se on and off, 3 to 7, 3 and 6
    genome = (12, 12, 3, 12, 12, 12, 10, 12, 1)
    return space.path(genome, space.base_triple)


def blocks(*found, head=64):
    return Architecture(
        resolution=32, in_channels=1, num_classes=10, stem=Stem(width=16, stride=1),
        stages=tuple(Stage(blocks=(block,)) for block in found), head=Head(width=head),
    )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_one_box_a_layer_as_high_as_its_kernel(name):
    shape = known.load(name)
    found = [block for stage in shape.stages for block in stage.blocks]
    glyphs = [layer.glyph for layer in layers(shape)]
    assert {glyph.outline for glyph in glyphs} == {"box"}
    heads = [1] if shape.head.width else []
    kernels = [shape.stem.kernel, *(block.kernel for block in found), *heads]
    assert [glyph.size for glyph in glyphs] == kernels
    assert [glyph.kernel for glyph in glyphs] == list(map(str, kernels))
    assert sum(glyph.dot for glyph in glyphs) == sum(block.se is not None for block in found)


@pytest.mark.parametrize("name", NAMES)
def test_the_feature_maps_and_channels_are_the_network_s(name):
    shape = known.load(name)
    groups = drawn(shape).groups
    assert list(groups)[: 1 + len(shape.stages)] == [
        "stem",
        *(f"stage {i + 1}" for i in range(len(shape.stages))),
    ]
    side = conv_side(shape.resolution, 2)
    expected = [(shape.stem.width, side)]
    side = conv_side(side, 2) if shape.stem.max_pool else side
    for stage in shape.stages:
        for block in stage.blocks:
            side = conv_side(side, block.stride)
        expected.append((stage.blocks[-1].width, side))
    ends = [(found[-1].width, found[-1].side) for found in groups.values()]
    assert ends[: len(expected)] == expected
    found = layers(shape)
    assert found[0].before == shape.resolution
    assert all(one.side == following.before for one, following in pairwise(found))


def test_expansion_is_a_shade_and_a_number():
    glyphs = [layers(blocks(Block(width=16, expansion=e)))[1].glyph for e in (1.0, 3.0, 4.0, 6.0)]
    assert [glyph.expansion for glyph in glyphs] == ["1", "3", "4", "6"]
    shades = [glyph.shade for glyph in glyphs]
    assert shades == sorted(set(shades))
    assert 0 < shades[0] < shades[-1] <= 1
    found = layers(known.load("resnet50"))[1:]
    assert {layer.glyph.expansion for layer in found} == {".25"}


def test_identities_are_wires_where_they_are_and_pooling_a_funnel():
    found = path()
    shown = layers(found.architecture, found.runs)
    outlines = [layer.glyph.outline for layer in shown]
    assert (outlines.count("wire"), outlines.count("funnel")) == (5, 1)
    pooled = shown[outlines.index("funnel")]
    assert pooled.where == "stage 2, block 1: 2x2 max pooling"
    assert pooled.side == conv_side(pooled.before, 2)
    kernels = [layer.glyph.kernel for layer in shown]
    assert kernels == ["3", "3", "max", "id", "5", "id", "id", "id", "7", "id", "3", "1"]
    # The channels of what is left out are those before it.
    assert [layer.width for layer in shown[2:9]] == [8, 8, 16, 16, 16, 16, 48]
    assert "wire" not in {layer.glyph.outline for layer in layers(found.architecture)}


def test_a_slice_shows_the_linear_layers_that_stay():
    found = path()
    shown = layers(found.runs, found.runs)
    assert "wire" not in {layer.glyph.outline for layer in shown}
    said = [layer.where.partition(": ")[2] for layer in shown]
    assert said.count("2x2 max pooling and linear 1x1 convolution, 16 channels") == 1
    assert sum("linear 1x1 convolution" in words for words in said) == 6
    assert [layer.glyph.expansion for layer in shown].count("lin") == 6


def test_drawings_of_one_family_have_one_scale():
    """Areas: four times the channels are twice as deep."""
    small = blocks(Block(width=16))
    deep = [layers(small, widest=widest)[1].depth for widest in (16, 64)]
    assert deep[0] == pytest.approx(2 * deep[1])
    assert np.isclose(deep[0], 1)


def test_what_is_said_names_every_choice():
    block = Block(width=24, kernel=5, expansion=3.0, se=SqueezeExcite(), skip=False)
    assert layers(blocks(block))[1].where == (
        "stage 1, block 1: mbconv, kernel 5, stride 1, expansion 3, 24 channels, "
        "squeeze-excitation, no shortcut"
    )
