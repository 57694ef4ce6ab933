"""Parts of an architecture and modules of its network are twins."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from escalade.core.network.architecture import Architecture
from escalade.core.network.parts import parts_of
from escalade.nets.build import build, modules_of
from escalade.spaces import known
from sample_networks import scarlet, scarlet_running


@pytest.mark.parametrize(
    "name",
    [
        "bignas_659m",
        "efficientnet_b0",
        "mobilenet_v2",
        "mobilenet_v3_large",
        "regnet_x_400mf",
        "regnet_y_400mf",
        "regnet_z_500mf",
        "resnet50",
        "resnext50_32x4d",
    ],
)
def test_modules_one_after_the_other_are_the_network(name: str) -> None:
    _check(replace(known.load(name), resolution=64, num_classes=7))


@pytest.mark.parametrize("architecture", [scarlet(), scarlet_running()], ids=lambda each: each.name)
def test_layers_left_out_are_parts_as_well(architecture: Architecture) -> None:
    _check(architecture)
    parts = [part for _, part in parts_of(architecture)]
    assert {part.kind for part in parts} >= {"identity", "dsconv"}
    assert not any(part.layers.adds for part in parts if part.kind in ("identity", "linear"))


def _check(architecture: Architecture) -> None:
    network = build(architecture).eval()
    side = architecture.resolution
    images = torch.rand(1, architecture.in_channels, side, side)
    with torch.inference_mode():
        values = images
        for (_, part), module in zip(parts_of(architecture), modules_of(network), strict=True):
            assert values.shape[1:] == (part.in_width, part.side, part.side), part
            values = module(values)
        assert torch.equal(values, network(images))
