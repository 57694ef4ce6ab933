"""Tiny real members: two stages, squeeze-excitation, one grey channel."""

from __future__ import annotations

import torch
from torch import nn

from escalade.core.architecture import Architecture, Block, Head, SqueezeExcite, Stage, Stem
from escalade.family.package import Package
from escalade.family.preprocessing import Preprocessing
from escalade.nets.build import build

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
