"""Optimizers that leave alone what a path did not touch."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from escalade.config.recipe import Recipe

# RMSProp's decay is BigNAS's (section 4) and EfficientNet's, the epsilon that of the latter's code.
RMSPROP_ALPHA, RMSPROP_EPSILON = 0.9, 1e-3


def make_optimizer(network: nn.Module, *, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimizer; vectors (batch norm and biases) have no weight decay.

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
    return _OPTIMIZERS[recipe.optimizer]([group for group in groups if group["params"]], recipe)


def set_learning_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = learning_rate


def _sgd(groups: list[dict[str, Any]], recipe: Recipe) -> torch.optim.Optimizer:
    optimizer = torch.optim.SGD(
        groups,
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.nesterov,
        fused=True,
    )
    if recipe.momentum > 0:
        # The fused step raises TypeError when some parameters of a group have momentum already
        # and another's first gradient comes later. A zero buffer is what a first step makes.
        for group in groups:
            for parameter in group["params"]:
                optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)
    return optimizer


def _rmsprop(groups: list[dict[str, Any]], recipe: Recipe) -> torch.optim.Optimizer:
    """TensorFlow's: epsilon under the root, squares begin at one, momentum holds the rate."""
    from timm.optim.rmsprop_tf import RMSpropTF  # only who asks for it waits for timm

    optimizer: torch.optim.Optimizer = RMSpropTF(
        groups,
        lr=recipe.learning_rate,
        alpha=RMSPROP_ALPHA,
        eps=RMSPROP_EPSILON,
        momentum=recipe.momentum,
    )
    return optimizer


_OPTIMIZERS = {"sgd": _sgd, "rmsprop": _rmsprop}
