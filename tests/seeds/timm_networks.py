"""timm's networks with drawn weights and statistics, as pretrained ones have."""

from __future__ import annotations

import warnings

import torch
from torch import nn

from escalade.supernet.recalibrate import recalibrate

with warnings.catch_warnings():  # timm's own, from its import on
    warnings.simplefilter("ignore")
    import timm


def drawn(name: str, **arguments: int) -> nn.Module:
    """In evaluation mode, its statistics those of images, so that logits depend on all layers."""
    torch.manual_seed(0)
    network = timm.create_model(name, **arguments).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.0)
            nn.init.normal_(module.bias, std=0.1)
    recalibrate(network, [torch.randn(4, arguments.get("in_chans", 3), 96, 96)])
    return network
