"""The last batch norm of each residual branch: with gamma 0 a block begins as its shortcut.

BigNAS, section 3.1; timm's ResNets and RegNets have always begun so.
"""

from __future__ import annotations

import torch
from torch import nn

from escalade.core.network.architecture import Architecture

LAST_NORM = {
    "mbconv": "bn3",
    "dsconv": "bn2",
    "bottleneck": "conv3_1x1.bn",
    "regnet_z": "conv3_1x1.bn",
}


def last_norm(kind: str, stage: int, position: int) -> str:
    """Name of a block's last batch norm in its network."""
    stages = "blocks" if kind in ("mbconv", "dsconv") else "stages"
    return f"{stages}.{stage}.{position}.{LAST_NORM[kind]}"


@torch.no_grad()
def set_residual_gammas(network: nn.Module, architecture: Architecture, value: float) -> None:
    """Set gamma at the end of every branch that a shortcut is added to, in place."""
    width = architecture.stem.width
    for i, stage in enumerate(architecture.stages):
        for k, block in enumerate(stage.blocks):
            if block.has_shortcut(width):
                network.get_parameter(f"{last_norm(block.kind, i, k)}.weight").fill_(value)
            width = block.width
