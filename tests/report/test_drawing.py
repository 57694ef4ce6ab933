"""Drawings of architectures: what stands for what, and that nothing overlaps or sticks out."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

import numpy as np
import pytest

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.core.numbers.rounding import conv_side
from escalade.report.sections.drawing import HEIGHT, draw
from escalade.report.slots import slots
from escalade.spaces import known
from escalade.spaces.load import load

NAMES = ("resnet50", "regnet_y_800mf", "regnet_z_500mf", "mobilenet_v3_large", "efficientnet_b0")


def drawn(shape, running=None, widest=None):
    inside, width = draw(shape, slots(shape, running), widest=widest or max(shape.widths))
    return ElementTree.fromstring(f"<svg>{inside}</svg>"), width


def parts(svg, kind):
    return [part for part in svg if part.get("class") == kind]


def number(part, name):
    return float(part.get(name))


def titles(svg, kind):
    return [part.find("title").text for part in parts(svg, kind)]


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
def test_one_box_a_block_and_a_dashed_line_a_down_sampling(name):
    shape = known.load(name)
    svg, _ = drawn(shape)
    others = 1 + (shape.head.width is not None)  # stem and head
    assert len(parts(svg, "bar")) == sum(shape.depths) + others
    found = [block for stage in shape.stages for block in stage.blocks]
    assert len(parts(svg, "se")) == sum(block.se is not None for block in found)
    halvings = 1 + shape.stem.max_pool + sum(block.stride == 2 for block in found)
    assert len(parts(svg, "down")) == halvings
    kernels = [part.text for part in parts(svg, "kernel")]
    head = ["1"] if shape.head.width else []
    assert kernels == [str(shape.stem.kernel), *(str(block.kernel) for block in found), *head]
    tall = [number(part, "height") for part in parts(svg, "bar")[1 : 1 + len(found)]]
    order = np.argsort([block.kernel for block in found], kind="stable")
    assert all(
        (tall[a] < tall[b]) == (found[a].kernel < found[b].kernel) for a, b in pairwise(order)
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_feature_maps_and_channels_below_are_the_network_s(name):
    shape = known.load(name)
    svg, _ = drawn(shape)
    side = conv_side(shape.resolution, 2)
    expected = [f"{shape.stem.width}, {side}²"]
    side = conv_side(side, 2) if shape.stem.max_pool else side
    for stage in shape.stages:
        for block in stage.blocks:
            side = conv_side(side, block.stride)
        expected.append(f"{stage.blocks[-1].width}, {side}²")
    expected += [str(shape.head.width)] if shape.head.width else []
    assert [part.text for part in parts(svg, "stage dim")] == expected


@pytest.mark.parametrize("name", [*NAMES, "path"])
def test_nothing_overlaps_or_sticks_out(name):
    shape = path() if name == "path" else known.load(name)
    svg, width = drawn(shape.architecture, shape.runs) if name == "path" else drawn(shape)
    bars = sorted((number(p, "x"), number(p, "width")) for p in parts(svg, "bar"))
    assert all(x + w <= following for (x, w), (following, _) in pairwise(bars))
    for part in svg.iter():
        if part.get("x") is not None:
            assert 0 <= number(part, "x") <= width - float(part.get("width", 0))
            assert 0 <= number(part, "y") <= HEIGHT
    for line in parts(svg, "down"):
        x = float(re.match(r"M([\d.]+) ", line.get("d"))[1])
        assert 0 < x < width
        assert not [bar for bar, w in bars if bar < x < bar + w]
    ends = [number(p, "y") for p in parts(svg, "bar") + parts(svg, "se") if p.get("y")]
    assert min(ends) >= 6
    words = parts(svg, "stage dim")
    # About 6.2 pixels a letter at this size.
    for one, following in pairwise(words):
        assert number(one, "x") + 6.2 * len(one.text) <= number(following, "x") + 6


def test_expansion_is_a_shade_and_a_number():
    shades = []
    for expansion in (1.0, 3.0, 4.0, 6.0):
        svg, _ = drawn(blocks(Block(width=16, expansion=expansion)))
        shades.append(number(parts(svg, "bar")[1], "fill-opacity"))
        assert [part.text for part in parts(svg, "small")] == [f"{expansion:g}"]
    assert shades == sorted(set(shades))
    assert 0 < shades[0] < shades[-1] <= 1
    svg, _ = drawn(known.load("resnet50"))
    assert {part.text for part in parts(svg, "small")} == {".25"}


def test_identities_are_wires_where_they_are_and_pooling_a_funnel():
    found = path()
    svg, _ = drawn(found.architecture, found.runs)
    assert len(parts(svg, "wire")) == 5
    assert len(parts(svg, "pool")) == 1
    assert titles(svg, "pool") == ["stage 2, block 1: identity, 2x2 max pooling"]
    kernels = [part.text for part in parts(svg, "kernel")]
    assert kernels == ["3", "3", "id", "5", "id", "id", "id", "7", "id", "3", "1"]
    # The channels of what is left out are those before it.
    widths = titles(svg, "channels")
    assert widths[2:9] == [f"{w} channels" for w in (8, 8, 16, 16, 16, 16, 48)]
    alone, _ = drawn(found.architecture)
    assert len(parts(alone, "wire")) == 0


def test_a_slice_shows_the_linear_layers_that_stay():
    found = path()
    svg, _ = drawn(found.runs, found.runs)
    assert len(parts(svg, "wire")) == 0
    said = titles(svg, "pool") + titles(svg, "bar")
    assert (
        said.count("stage 2, block 1: 2x2 max pooling and linear 1x1 convolution, 16 channels") == 1
    )
    assert sum("linear 1x1 convolution" in words for words in said) == 6
    assert [part.text for part in parts(svg, "small")].count("lin") == 6


def test_drawings_of_one_family_have_one_scale():
    small = blocks(Block(width=16))
    tall = [
        number(parts(drawn(small, widest=widest)[0], "channels")[1], "height")
        for widest in (16, 64)
    ]
    assert tall[0] == pytest.approx(2 * tall[1])


def test_what_is_said_names_every_choice():
    block = Block(width=24, kernel=5, expansion=3.0, se=SqueezeExcite(), skip=False)
    (said,) = titles(drawn(blocks(block))[0], "bar")[1:2]
    assert said == (
        "stage 1, block 1: mbconv, kernel 5, stride 1, expansion 3, 24 channels, "
        "squeeze-excitation, no shortcut"
    )
