"""One training step of a network, to be timed: forward, backward and optimizer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from escalade.config.recipe import Recipe
from escalade.evaluate.timing.turns import Run
from escalade.train.losses import cross_entropy
from escalade.train.optimizer import make_optimizer
from escalade.train.runtime import Runtime

SMALLEST_BATCH = 2  # a batch norm over a 1x1 map of one image has no variance
# So small a rate leaves the weights where they are: diverging ones would change what is timed.
_RECIPE = Recipe(learning_rate=1e-6)


def training_step(
    network: nn.Module,
    images: Tensor,
    *,
    num_classes: int,
    runtime: Runtime,
    forward: Callable[[Tensor], Tensor] | None = None,
) -> Run:
    """A step of SGD with momentum and weight decay on a batch of random labels.

    Args:
        network: on the runtime's device; put in training mode, and its weights change.
        images: (n, channels, side, side), on the device.
        forward: what computes the logits, such as the compiled network; None is the network.

    Raises:
        ValueError: for a single image.
    """
    if len(images) < SMALLEST_BATCH:
        raise ValueError(
            f"batch_size: {len(images)} is too small for training with batch norm; "
            f"use {SMALLEST_BATCH} or more"
        )
    network.train()
    optimizer = make_optimizer(network, recipe=_RECIPE)
    drawn = torch.Generator().manual_seed(0)
    labels = torch.randint(num_classes, (len(images),), generator=drawn).to(runtime.device)
    computed = network if forward is None else forward
    return partial(_step, computed, optimizer, images, labels, runtime)


def _step(
    forward: Callable[[Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    labels: Tensor,
    runtime: Runtime,
) -> None:
    with runtime.autocast():
        logits = forward(images)
    loss = cross_entropy(logits, labels, label_smoothing=_RECIPE.label_smoothing)
    torch.autograd.backward(loss)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
