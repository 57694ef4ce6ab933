"""A stand-alone network with the weights of one path."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from escalade.core.network.architecture import Architecture
from escalade.nets.build import blank
from escalade.supernet.elastic import Side, copied
from escalade.supernet.shared_weights import SharedWeights


def extract(
    supernet: SharedWeights, architecture: Architecture, *, side: Side = "left"
) -> nn.Module:
    """Copy a path's weights into a plain timm network.

    Its running statistics are unset (mean 0, variance 1): recalibrate it before evaluation.

    Raises:
        ValueError: if the supernet does not hold the architecture.
    """
    return assemble(supernet.slices(architecture, side=side), architecture)


def assemble(weights: Mapping[str, Tensor], architecture: Architecture) -> nn.Module:
    """A plain timm network with copies of weights, its running statistics unset."""
    network = blank(architecture)
    state: dict[str, Tensor] = {
        name: nn.Parameter(copied(weight)) for name, weight in weights.items()
    }
    device = next(iter(state.values())).device
    for name, buffer in network.named_buffers():
        fill = torch.ones if name.endswith("running_var") else torch.zeros
        state[name] = fill(buffer.shape, dtype=buffer.dtype, device=device)
    network.load_state_dict(state, strict=True, assign=True)
    return network


class Coupled(nn.Module):
    """Both sides of a bilaterally coupled path; the logits are their sum (BCNet)."""

    def __init__(self, left: nn.Module, right: nn.Module) -> None:
        super().__init__()
        self.left = left
        self.right = right

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.left(x) + self.right(x)
        return logits


def extract_coupled(supernet: SharedWeights, architecture: Architecture) -> Coupled:
    left = extract(supernet, architecture, side="left")
    return Coupled(left, extract(supernet, architecture, side="right"))
