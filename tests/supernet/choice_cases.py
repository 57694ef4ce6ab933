"""Random networks with linear and identity layers, their weights and statistics drawn."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.nets.build import build

ACTIVATIONS = ("relu", "relu6", "hard_swish", "swish")


def random_running(
    seed: int, *, chances: tuple[float, float] = (0.4, 0.1), max_step: int = 2
) -> Architecture:
    """A running network; `chances` are those of a layer to be linear and to be an identity."""
    rng = np.random.default_rng(seed)
    width = 8 * int(rng.integers(1, 4))
    stem = Stem(width=width, activation=str(rng.choice(ACTIVATIONS)))
    first = Block(kind="dsconv", expansion=1.0, width=width, activation="relu6")
    stages = [Stage(blocks=(first,))]
    for _ in range(int(rng.integers(1, 5))):
        stride, after = int(rng.integers(1, 3)), width + 8 * int(rng.integers(0, max_step + 1))
        blocks = []
        for position in range(int(rng.integers(1, 5))):
            blocks.append(_block(rng, after, stride if position == 0 else 1, chances))
        stages.append(Stage(blocks=tuple(blocks)))
        width = after
    return Architecture(
        resolution=int(rng.integers(32, 41)),
        num_classes=int(rng.integers(2, 11)),
        stem=stem,
        stages=tuple(stages),
        head=Head(width=8 * int(rng.integers(4, 9)), activation=str(rng.choice(ACTIVATIONS))),
    )


def _block(
    rng: np.random.Generator, width: int, stride: int, chances: tuple[float, float]
) -> Block:
    linear, identity = chances
    draw = rng.random()
    if draw < linear:
        activation = "relu" if rng.random() < 0.1 else "none"
        return Block.linear(width, stride=stride, activation=activation)
    if draw < linear + identity:
        return Block.identity(width, stride=stride)
    se = SqueezeExcite(
        ratio=0.25, of=str(rng.choice(["hidden", "input"])), divisor=int(rng.choice([1, 8]))
    )
    return Block(
        kernel=int(rng.choice([3, 5, 7])),
        stride=stride,
        expansion=float(rng.choice([1.0, 2.5, 3.0, 6.0])),
        width=width,
        se=se if rng.random() < 0.5 else None,
        activation=str(rng.choice(ACTIVATIONS)),
        skip=bool(rng.random() < 0.5),
    )


def random_network(architecture: Architecture, seed: int) -> nn.Module:
    """Its network in evaluation mode; scales, shifts and statistics are drawn."""
    torch.manual_seed(seed)
    network = build(architecture).eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                assert module.running_mean is not None
                assert module.running_var is not None
                module.weight.uniform_(0.5, 1.5)
                module.bias.normal_(0.0, 0.3)
                module.running_mean.normal_(0.0, 0.3)
                module.running_var.uniform_(0.5, 2.0)
    return network
