"""Tiny real members: two stages, squeeze-excitation, one grey channel."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.data.image_data import ImageData
from escalade.data.splits.split import Split
from escalade.family.packaging.package import Package
from escalade.family.packaging.preprocessing import Preprocessing
from escalade.nets.build import build
from made_data import grey_data

CLASSES = ("T-shirt | top", "*bold* <b>", "Ångström")


def tiny(
    *,
    widths=(8, 16),
    depths=(1, 2),
    stem=8,
    head=24,
    kernel=3,
    expansion=2.0,
    resolution=12,
    in_channels=1,
    num_classes=3,
) -> Architecture:
    se = SqueezeExcite(ratio=0.25)
    first = Block(kind="dsconv", kernel=3, expansion=1.0, width=widths[0], se=se)
    stages = [Stage(blocks=(first,) * depths[0])]
    for width, depth in zip(widths[1:], depths[1:], strict=True):
        blocks = tuple(
            Block(kernel=kernel, stride=2 if k == 0 else 1, expansion=expansion, width=width, se=se)
            for k in range(depth)
        )
        stages.append(Stage(blocks=blocks))
    return Architecture(
        name="tiny",
        resolution=resolution,
        in_channels=in_channels,
        num_classes=num_classes,
        stem=Stem(width=stem),
        stages=tuple(stages),
        head=Head(width=head),
    )


def trained(architecture: Architecture, *, seed: int = 0) -> nn.Module:
    """A network whose every tensor, batch norm's included, is away from its initial value."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = build(architecture)
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, std=0.3)
                nn.init.normal_(module.running_mean, std=0.3)
                nn.init.uniform_(module.running_var, 0.5, 2.0)
    return network.eval()


def packaged(architecture: Architecture) -> Package:
    channels = architecture.in_channels
    return Package(
        architecture=architecture,
        classes=CLASSES[: architecture.num_classes],
        preprocessing=Preprocessing(
            in_channels=channels,
            side=16,
            resolution=architecture.resolution,
            mean=(0.3,) * channels,
            std=(0.25,) * channels,
        ),
    )


def patches() -> ImageData:
    """Images of three classes that differ in where the bright patch is; none to test on."""
    nothing = Split(torch.empty(0, 1, 16, 16, dtype=torch.uint8), torch.empty(0, dtype=torch.long))
    splits = patch_split(96, 0), patch_split(60, 1), nothing
    return grey_data(*splits, name="patches", classes=CLASSES, mean=0.3)


def patch_split(num: int, seed: int) -> Split:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, num)
    images = rng.integers(0, 90, (num, 1, 16, 16))
    for image, label in zip(images, labels, strict=True):
        image[0, 4 * label : 4 * label + 5, 3:13] += 150
    return Split(torch.from_numpy(images.astype(np.uint8)), torch.from_numpy(labels))
