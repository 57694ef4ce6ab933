"""Random supernet shapes, and random networks inside them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.core.network.kinds import KINDS
from escalade.core.space.shape import StageShape, SupernetShape
from escalade.supernet.supernet import Supernet

ACTIVATIONS = ("relu", "relu6", "hard_swish", "swish")
ELASTIC = [name for name, kind in KINDS.items() if kind.is_elastic]


@dataclass(frozen=True)
class Case:
    """A supernet, one of its networks, and images for it."""

    supernet: Supernet
    architecture: Architecture
    batches: list[torch.Tensor]


def random_case(seed: int, *, coupled: bool = False) -> Case:
    rng = np.random.default_rng(seed)
    torch.manual_seed(seed)
    shape = with_transitions(np.random.default_rng([seed, 1]), random_shape(rng))
    architecture = random_architecture(rng, shape)
    side = architecture.resolution
    batches = [
        torch.randn(6, shape.in_channels, side, side).to(memory_format=torch.channels_last)
        for _ in range(3)
    ]
    supernet = Supernet(shape, coupled=coupled)
    with torch.no_grad():  # so that scales and shifts of different channels differ
        for parameter in supernet.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.3 * torch.randn_like(parameter))
    return Case(supernet, architecture, batches)


def random_shape(rng: np.random.Generator) -> SupernetShape:
    stem = 8 * int(rng.integers(1, 4))
    stages, in_width = [], stem
    for _ in range(int(rng.integers(1, 4))):
        se = SqueezeExcite(
            ratio=0.25,
            of=str(rng.choice(["hidden", "input"])),
            activation=str(rng.choice(ACTIVATIONS)),
            gate=str(rng.choice(["hard_sigmoid", "sigmoid"])),
        )
        stage = StageShape(
            depth=int(rng.integers(1, 4)),
            width=4 * int(rng.integers(2, 9)),
            in_width=in_width,
            expansions=tuple(float(e) for e in sorted(rng.choice([1, 2, 3.5, 6], 2, False))),
            kernels=((3, 5), (3, 5, 7), (5,))[rng.integers(3)],
            stride=int(rng.integers(1, 3)),
            kind=str(rng.choice(ELASTIC)),
            se=se if rng.random() < 0.6 else None,
            activation=str(rng.choice(ACTIVATIONS)),
        )
        idle = KINDS[stage.kind].idle
        stage = replace(
            stage,
            expansions=(idle["expansion"],) if "expansion" in idle else stage.expansions,
            se=idle.get("se", stage.se),
        )
        stages.append(stage)
        in_width = stage.width
    return SupernetShape(
        in_channels=int(rng.choice([1, 3])),
        num_classes=int(rng.integers(2, 12)),
        stem=Stem(width=stem, stride=int(rng.integers(1, 3))),
        head=Head(width=32, activation="swish"),
        stages=tuple(stages),
        shared_kernels=bool(rng.random() < 0.5),
    )


def with_transitions(rng: np.random.Generator, shape: SupernetShape) -> SupernetShape:
    """Half of the stages with transition shortcuts, half with a width for each layer."""
    stages = [
        replace(stage, transition=bool(rng.random() < 0.5), layer_widths=bool(rng.random() < 0.5))
        for stage in shape.stages
    ]
    return replace(shape, stages=tuple(stages))


def random_architecture(rng: np.random.Generator, shape: SupernetShape) -> Architecture:
    def below(width: int) -> int:
        return 4 * int(rng.integers(1, width // 4 + 1))

    stages = []
    for held in shape.stages:
        width = below(held.width)
        blocks = tuple(
            Block(
                kind=held.kind,
                kernel=int(rng.choice(held.kernels)),
                stride=held.stride if k == 0 else 1,
                expansion=float(rng.choice(held.expansions)),
                width=below(held.width) if held.layer_widths else width,
                se=held.se if rng.random() < 0.7 else None,
                activation=held.activation,
                transition=held.transition,
            )
            for k in range(int(rng.integers(1, held.depth + 1)))
        )
        stages.append(Stage(blocks=blocks))
    return Architecture(
        resolution=int(rng.integers(16, 23)),
        in_channels=shape.in_channels,
        num_classes=shape.num_classes,
        stem=Stem(width=below(shape.stem.width), stride=shape.stem.stride),
        stages=tuple(stages),
        head=replace(shape.head, width=below(shape.head.width)),
    )
