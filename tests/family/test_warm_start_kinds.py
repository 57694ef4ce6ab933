"""Warm starts of networks of bottleneck blocks, MobileNetV3's, and with transition shortcuts."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tiny_members import tiny, trained

from escalade.core.network.block import Head, Stage
from escalade.core.scaling.ratios import Scaling, apply
from escalade.family.trainings.warm_start import carried, warm_start
from sample_networks import (
    bignas,
    efficientnet_v2,
    mobilenet_v3,
    mobilenet_v4,
    regnet_y,
    regnet_z,
    resnet,
    scarlet,
    scarlet_running,
)

GROWTHS = {
    "regnet_y deeper": (regnet_y(), regnet_y(depths=(2, 4))),
    "regnet_y wider": (regnet_y(), regnet_y(widths=(32, 56), width=16)),
    "regnet_y groups": (regnet_y(), regnet_y(widths=(32, 64), group_width=16)),
    "regnet_y one group": (regnet_y(), regnet_y(group_width=None)),
    "regnet_z all": (
        regnet_z(),
        regnet_z(widths=(16, 20, 20), depths=(2, 3, 4), group_width=8, head=48),
    ),
    "resnet all": (resnet(), resnet(widths=(40, 64), depths=(3, 4))),
    "mobilenet_v3 all": (
        mobilenet_v3(),
        mobilenet_v3(widths=(16, 24), depths=(2, 4), head=(40, 64)),
    ),
    "efficientnet_v2 all": (
        efficientnet_v2(),
        efficientnet_v2(widths=(16, 24, 40), depths=(3, 4, 3), head=48, kernel=5),
    ),
    "mobilenet_v4 all": (
        mobilenet_v4(),
        mobilenet_v4(widths=(8, 24, 32), depths=(1, 3, 4), head=48, kernels=(7, 5)),
    ),
    "bignas all": (
        bignas(),
        bignas(widths=((16, 20), (24, 32, 32, 32), (32, 32)), stem=16, head=48, kernel=7),
    ),
    "scarlet deeper": (scarlet(), apply(scarlet(), Scaling(depth=2.0))),
    "scarlet all": (scarlet(), apply(scarlet(), Scaling(2.0, 2.0), width_divisor=4)),
    "scarlet running deeper": (scarlet_running(), apply(scarlet_running(), Scaling(depth=2.0))),
}


def _start(small, large):
    old, new = trained(small), trained(large, seed=1)
    found = warm_start(new, large, state=old.state_dict(), of=small)
    return old.double(), new.double(), found


@pytest.mark.parametrize("growth", GROWTHS)
def test_a_grown_network_computes_the_function_of_the_small_one(growth):
    small, large = GROWTHS[growth]
    old, new, found = _start(small, large)
    images = torch.randn(4, 1, 20, 20, dtype=torch.float64)
    assert found.breaks == ()
    floats = [t for t in old.state_dict().values() if t.is_floating_point()]
    assert found.num_carried == sum(t.numel() for t in floats)
    assert found.num_new_blocks == sum(large.depths) - sum(small.depths)
    torch.testing.assert_close(new(images), old(images), rtol=1e-9, atol=1e-9)
    assert old(images).std() > 1e-3


def _activation(arch, name):
    def changed(stage):
        return Stage(blocks=tuple(replace(block, activation=name) for block in stage.blocks))

    return replace(arch, stages=tuple(changed(stage) for stage in arch.stages))


def _without(arch):
    """The same without transition shortcuts."""
    stages = [[replace(b, transition=False) for b in stage.blocks] for stage in arch.stages]
    return replace(arch, stages=tuple(Stage(blocks=tuple(blocks)) for blocks in stages))


# a new block with another width, and an old one whose width begins to change
TURNS = (bignas(), bignas(widths=((8, 12), (16, 24, 24, 32), (40,))))
SWISH = (_activation(regnet_y(), "swish"), _activation(regnet_y(depths=(1, 3)), "swish"))


@pytest.mark.parametrize(
    ("small", "large", "why"),
    [
        (regnet_y(), regnet_y(widths=(24, 48), group_width=12), "groups do not hold the old ones"),
        (regnet_y(group_width=16), regnet_y(), "groups do not hold the old ones"),
        (*SWISH, r"stages\[1\].blocks\[2\] is new and its activation changes its input"),
        (*TURNS, r"stages\[1\].blocks\[3\] is new and its shortcut changes its input"),
        (*TURNS, r"stages\[2\].blocks\[0\]: only one of the two has a projection"),
        (bignas(), _without(bignas()), r"stages\[0\].blocks\[1\]: only one .* has a shortcut"),
        (
            scarlet_running(),
            apply(scarlet_running(), Scaling(width=2.0)),
            r"stages\[2\].blocks\[0\]: it appended zero channels",
        ),
        (regnet_y(), regnet_y(max_pool=True), "only one of the two has a max pool"),
        (regnet_z(), replace(regnet_z(), head=Head(width=None)), "has a convolution before"),
        (mobilenet_v3(), mobilenet_v3(head=(16, 40)), "the stem or the head is narrower"),
    ],
)
def test_what_cannot_be_preserved_is_said(small, large, why):
    _, _, found = _start(small, large)
    with pytest.raises(AssertionError, match=why):
        raise AssertionError(", ".join(found.breaks))


@pytest.mark.parametrize(
    ("small", "large", "message"),
    [
        (tiny(), replace(regnet_y(), resolution=20), "a network of bottleneck blocks cannot start"),
        (tiny(), mobilenet_v3(), "blocks with head.hidden cannot start .* without head.hidden"),
    ],
)
def test_another_sort_of_network_is_refused(small, large, message):
    with pytest.raises(ValueError, match=message):
        warm_start(trained(large), large, state=trained(small).state_dict(), of=small)


def test_old_groups_go_into_the_groups_that_hold_their_channels():
    small = torch.arange(1.0, 9.0).reshape(4, 2)  # two groups of two
    made = carried(torch.full((8, 4), 9.0), small, is_grouped=True)
    assert made[:4].tolist() == [[1, 2, 0, 0], [3, 4, 0, 0], [0, 0, 5, 6], [0, 0, 7, 8]]
    assert (made[4:] == 9).all()
    # groups of three: what lies across an edge is lost
    made = carried(torch.full((6, 3), 9.0), small, is_grouped=True)
    assert made[:4].tolist() == [[1, 2, 0], [3, 4, 0], [0, 0, 5], [8, 0, 0]]
