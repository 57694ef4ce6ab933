"""Transition shortcuts: BigNAS's published figures, and what they add by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from escalade.core.latency.latency_table import LatencyTable
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.spaces import known
from part_times import expected, measured

SMALLEST = {
    "resolution": 192,
    "depths": (1, 2, 2, 2, 2, 2, 1),
    "widths": (32, 16, 24, 40, 80, 112, 192, 320, 1280),
    "kernels": (3,) * 7,
}
LARGEST = {
    "resolution": 320,
    "depths": (2, 3, 3, 4, 6, 6, 2),
    "widths": (40, 24, 32, 48, 88, 128, 216, 352, 1408),
    "kernels": (3, 3, 5, 5, 5, 5, 5),
}
SECTION_4_4 = {
    "resolution": 256,
    "depths": (1, 2, 2, 2, 4, 4, 1),
    "widths": (32, 16, 24, 48, 88, 128, 216, 352, 1408),
    "kernels": (3, 3, 5, 3, 5, 5, 3),
}
STRIDES = (1, 2, 2, 2, 1, 2, 1)


def network(*, resolution, depths, widths, kernels, transition=True) -> Architecture:
    """A network of Table 1; the first of `widths` is the stem's, the last the head's."""
    se = SqueezeExcite(ratio=0.25, of="input", activation="swish", gate="sigmoid")
    stages = []
    for i, (depth, width) in enumerate(zip(depths, widths[1:-1], strict=True)):
        blocks = tuple(
            Block(
                kind="mbconv" if i else "dsconv",
                kernel=kernels[i],
                stride=STRIDES[i] if k == 0 else 1,
                expansion=6.0 if i else 1.0,
                width=width,
                se=se,
                activation="swish",
                transition=transition,
            )
            for k in range(depth)
        )
        stages.append(Stage(blocks=blocks))
    return Architecture(
        resolution=resolution,
        stem=Stem(width=widths[0], activation="swish"),
        stages=tuple(stages),
        head=Head(width=widths[-1], activation="swish"),
    )


@pytest.mark.parametrize(
    ("sizes", "macs", "params"),
    [(SMALLEST, 217_632_640, 3_845_940), (LARGEST, 1_891_542_528, 11_016_998)],
)
def test_the_extremes_of_the_published_space(sizes, macs, params):
    """Facts, section 4: the projection has a batch norm and no bias."""
    found = cost.of(network(**sizes))
    assert (found.macs, found.params) == (macs, params)


def test_the_published_child():
    with_shortcuts, without = network(**SECTION_4_4), network(**SECTION_4_4, transition=False)
    assert round(cost.of(with_shortcuts).macs / 1e6) == 659
    assert round(cost.of(without).macs / 1e6) == 637
    assert known.load("bignas_659m").key == with_shortcuts.key


def tiny(first: Block, *, resolution=9) -> Architecture:
    return Architecture(
        resolution=resolution,
        stem=Stem(width=8, stride=1),
        stages=(Stage(blocks=(first,)),),
        head=Head(width=8),
    )


@pytest.mark.parametrize(
    ("change", "macs", "params"),
    [
        ({"width": 8}, 0, 0),
        ({"width": 8, "stride": 2}, 0, 0),
        ({"width": 12}, 81 * 8 * 12, 8 * 12 + 24),
        ({"width": 12, "stride": 2}, 25 * 8 * 12, 8 * 12 + 24),
    ],
)
@pytest.mark.parametrize("kind", ["mbconv", "dsconv"])
def test_what_a_shortcut_adds(kind, change, macs, params):
    """Of 9 pixels stride 2 leaves 5; pooling counts as nothing."""
    block = Block(kind=kind, expansion=1.0, **change)
    without, found = (cost.of(tiny(replace(block, transition=on))) for on in (False, True))
    area = 25 if block.stride == 2 else 81
    assert found.macs - without.macs == macs
    assert found.params - without.params == params
    assert found.activations - without.activations == (12 * area if macs else 0)


def test_stages_and_layers_hold_the_shortcuts():
    architecture = known.load("bignas_659m")
    names = [row.name for row in cost.layers(architecture) if "shortcut" in row.name]
    assert names == [f"blocks.{i}.0.shortcut.conv" for i in range(7)]
    total = sum(stage.macs for stage in cost.stages(architecture))
    assert total == cost.of(architecture).macs


@pytest.mark.slow
def test_latencies_tell_transitions_apart():
    """A device whose projections cost what they are: the fitted table finds it again."""
    sizes = [(width, side) for width in (8, 12, 16, 24, 40, 56) for side in (7, 9, 12, 16, 21, 30)]
    networks = [
        tiny(Block(width=width, expansion=2.0, transition=on), resolution=side)
        for width, side in sizes
        for on in (False, True)
    ]

    parts = measured(networks)
    sorts = {"shortcut.conv", "add"}
    found = {frozenset(each.name for each in work.group.operations) & sorts for work in parts}
    assert found == {frozenset(), frozenset({"add"}), frozenset(sorts)}
    table = LatencyTable(settings="fake", parts=parts)
    for each in networks[::5]:
        assert table.of(each) == pytest.approx(expected(each), rel=1e-3)
    for plain, added in zip(networks[::2], networks[1::2], strict=True):
        grows = plain.stages[0].blocks[0].width != plain.stem.width
        assert (table.of(added) > table.of(plain)) is grows
