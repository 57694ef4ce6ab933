"""What a training step holds at its peak, counted on the tensors that autograd keeps."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from common.lab import Architecture, build, cost

COUNTED = (2, 4)  # images; what is kept grows by as much for each more


def step_bytes(architecture: Architecture, *, batch_size: int) -> int:
    """Bytes in fp32 with weights, gradients and momentum; the same each time."""
    network = build(architecture).train()
    few, more = (_kept(network, architecture, num) for num in COUNTED)
    each = (more - few) // (COUNTED[1] - COUNTED[0])
    return few + each * (batch_size - COUNTED[0]) + 12 * cost.of(architecture).params


def _kept(network: nn.Module, architecture: Architecture, num_images: int) -> int:
    """Bytes that the backward pass waits for, beside the weights."""
    weights = {p.untyped_storage().data_ptr() for p in network.parameters()}
    held: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            held[storage.data_ptr()] = storage.nbytes()
        return tensor

    side = architecture.resolution
    images = torch.zeros(num_images, architecture.in_channels, side, side)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        logits = network(images)  # lives to the end, and so do the tensors that are counted
    assert logits.requires_grad
    return sum(held.values())
