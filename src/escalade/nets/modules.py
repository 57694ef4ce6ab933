"""The modules of a built network in the order they run, one for each of its parts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn


def modules_of(network: nn.Module) -> Iterator[nn.Module]:
    """One module for each part that `core.network.parts` has of the network's architecture."""
    made: Any = network
    if hasattr(made, "conv_stem"):
        yield from _mobile(made)
    else:
        yield from _residual(made)


def _mobile(network: Any) -> Iterator[nn.Module]:
    """timm's EfficientNet, and its MobileNetV3, whose convolution before pooling is a block."""
    yield nn.Sequential(network.conv_stem, network.bn1)
    blocks = [block for stage in network.blocks for block in stage]
    yield from blocks
    if hasattr(network, "bn2"):
        yield nn.Sequential(network.conv_head, network.bn2)
        yield nn.Sequential(network.global_pool, network.classifier)
    else:
        head = (network.global_pool, network.conv_head, network.norm_head, network.act2)
        yield nn.Sequential(*head, network.flatten, network.classifier)


def _residual(network: Any) -> Iterator[nn.Module]:
    """timm's ByobNet."""
    yield network.stem
    for stage in network.stages:
        yield from stage
    if not isinstance(network.final_conv, nn.Identity):
        yield network.final_conv
    yield network.head
