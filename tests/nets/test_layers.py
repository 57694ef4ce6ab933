"""Parts of an architecture and modules of its network are twins."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from escalade.core.parts import parts_of
from escalade.nets.build import build
from escalade.nets.layers import modules_of
from escalade.spaces import known


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
    architecture = replace(known.load(name), resolution=64, num_classes=7)
    network = build(architecture).eval()
    images = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        values = images
        for part, module in zip(parts_of(architecture), modules_of(network), strict=True):
            sizes = part.sizes
            assert values.shape[1:] == (sizes.in_width, sizes.side, sizes.side), part
            values = module(values)
        assert torch.equal(values, network(images))
