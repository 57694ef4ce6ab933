"""Batch norm statistics of a path, and batch norm folded into the convolutions."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_weights

from escalade.core.network.architecture import Architecture
from escalade.supernet.elastic import Side
from escalade.supernet.normalise import Averager, Statistics
from escalade.supernet.shared_weights import SharedWeights


@torch.no_grad()
def recalibrate(network: nn.Module, batches: Iterable[Tensor]) -> None:
    """Set the running statistics to their average over batches, and switch to evaluation mode.

    Means and unbiased variances of the batches are averaged with equal weights, as torch's batch
    norm does with `momentum=None` (BigNAS, section 3).

    Args:
        network: any network with batch norm; its other modules stay in evaluation mode, so that
            dropout and stochastic depth do not disturb the statistics.
        batches: normalised images at the network's resolution.

    Raises:
        ValueError: if there are no batches.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
        norm.train()
    num_batches = 0
    for batch in batches:
        network(batch)
        num_batches += 1
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()
    if num_batches == 0:
        raise ValueError("recalibration needs at least one batch")


@torch.no_grad()
def path_statistics(
    supernet: SharedWeights,
    architecture: Architecture,
    batches: Iterable[Tensor],
    *,
    side: Side = "left",
) -> Statistics:
    """The statistics that `recalibrate` would give the extracted path, without extracting it."""
    averager = Averager()
    for batch in batches:
        supernet.run(batch, architecture, side=side, normalise=averager.batch())
    if not averager.statistics.means:
        raise ValueError("recalibration needs at least one batch")
    return averager.statistics


@torch.no_grad()
def fold(network: nn.Module) -> nn.Module:
    """Fold every batch norm into the convolution before it, in place.

    Only for evaluation, after `recalibrate`: the output is the same to float error. A batch norm
    leaves its activation behind (timm's has one).

    Returns:
        The network, changed.
    """
    for parent in list(network.modules()):
        before: nn.Conv2d | None = None
        for name, module in list(parent.named_children()):
            if isinstance(module, nn.BatchNorm2d) and before is not None:
                _fuse(before, module)
                setattr(parent, name, getattr(module, "act", nn.Identity()))
            before = module if isinstance(module, nn.Conv2d) else None
    return network


def _fuse(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    conv.weight, conv.bias = fuse_conv_bn_weights(
        conv.weight,
        conv.bias,
        norm.running_mean,
        norm.running_var,
        norm.eps,
        norm.weight,
        norm.bias,
    )
