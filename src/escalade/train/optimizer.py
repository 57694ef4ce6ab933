"""SGD that leaves alone what a path did not touch."""

from __future__ import annotations

import torch
from torch import nn

from escalade.train.recipe import Recipe


def make_optimizer(network: nn.Module, *, recipe: Recipe) -> torch.optim.SGD:
    """Fused SGD; vectors (batch norm and biases) have no weight decay.

    With `zero_grad(set_to_none=True)` a parameter that no path of this step used sees neither
    momentum nor weight decay, and costs nothing.
    """
    parameters = [p for p in network.parameters() if p.requires_grad]
    matrices = [p for p in parameters if p.ndim > 1]
    vectors = [p for p in parameters if p.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": recipe.weight_decay},
        {"params": vectors, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.SGD(
        [group for group in groups if group["params"]],
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        fused=True,
    )
    if recipe.momentum > 0:
        # The fused step raises TypeError when some parameters of a group have momentum already
        # and another's first gradient comes later. A zero buffer is what a first step makes.
        for parameter in parameters:
            optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    return optimizer


def set_learning_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    """Set every group's learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate
