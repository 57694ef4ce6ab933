"""Random small networks of every kind: what is built is what is counted and named."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.random import Generator
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from escalade.core.network import cost, kinds
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.core.network.kinds import ACTIVATIONS, KINDS
from escalade.core.network.legality import GATES
from escalade.nets.build import blank, build
from escalade.nets.facts import MAX_STRIDE_OF_HIDDEN
from fvcore_counts import activations
from traced_memory import peak_numbers

SORTS = (
    *("bottleneck", "regnet_z", "mobile", "mobile_v3", "transition", "simple"),
    *("conv", "fused_mbconv", "uib"),
)
NUM, NUM_FAST = 23, 3  # of each sort


@pytest.mark.parametrize("sort", SORTS)
def test_built_networks_are_what_is_counted(sort: str) -> None:
    _check_counts(sort, range(NUM_FAST))


@pytest.mark.slow
@pytest.mark.parametrize("sort", SORTS)
def test_built_networks_of_the_rest_are_what_is_counted(sort: str) -> None:
    _check_counts(sort, range(NUM_FAST, NUM))


def _check_counts(sort: str, seeds: range) -> None:
    for seed in seeds:
        architecture = random_network(np.random.default_rng([seed, SORTS.index(sort)]), sort)
        found = cost.of(architecture)
        network = blank(architecture).eval()
        assert sum(parameter.numel() for parameter in network.parameters()) == found.params
        side = architecture.resolution
        images = torch.empty(1, architecture.in_channels, side, side, device="meta")
        assert peak_numbers(network, images) == found.memory_int8, seed
        assert _macs(network, architecture) == found.macs, seed
        assert _named_params(network, architecture)
        # fvcore counts no pools, and only the stem's counts here
        pool = _pooled(network, architecture) if architecture.stem.max_pool else 0
        network = network.to_empty(device="cpu")
        assert _activations(network, architecture) + pool == found.activations, seed


@pytest.mark.parametrize("sort", SORTS)
def test_features_are_as_wide_and_as_fine_as_announced(sort: str) -> None:
    for seed in range(3 * NUM_FAST):
        architecture = random_network(np.random.default_rng([seed, SORTS.index(sort)]), sort)
        network = build(architecture).eval()
        side = architecture.resolution
        images = torch.randn(1, architecture.in_channels, side, side)
        with torch.no_grad():
            maps = network.forward_intermediates(images, intermediates_only=True)
            logits = network(images)
        assert logits.shape == (1, architecture.num_classes)
        assert len(maps) == len(network.feature_info)
        for found, info in zip(maps, network.feature_info, strict=True):
            assert found.shape[1] == info["num_chs"]
            assert found.shape[2] == math.ceil(side / info["reduction"])


def _macs(network: nn.Module, architecture: Architecture) -> int:
    side = architecture.resolution
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(torch.empty(1, architecture.in_channels, side, side, device="meta"))
    flops: int = counter.get_total_flops()
    assert flops % 2 == 0
    return flops // 2


def _pooled(network: nn.Module, architecture: Architecture) -> int:
    """Elements that max pools put out."""
    seen: list[int] = []
    for module in network.modules():
        if isinstance(module, nn.MaxPool2d):
            module.register_forward_hook(lambda _, __, out: seen.append(out.numel()))
    network(
        torch.empty(1, architecture.in_channels, *(architecture.resolution,) * 2, device="meta")
    )
    return sum(seen)


def _activations(network: nn.Module, architecture: Architecture) -> int:
    images = torch.zeros(1, architecture.in_channels, *(architecture.resolution,) * 2)
    return activations(network, images)


def _named_params(network: nn.Module, architecture: Architecture) -> bool:
    """Each counted layer is in the network under its name; its norm is counted with it."""
    modules = dict(network.named_modules())
    for row in cost.layers(architecture):
        weight = getattr(modules[row.name], "weight", None)
        num_weights = 0 if weight is None else weight.numel()
        out = 0 if weight is None or _is_linear(row.name, modules) else weight.shape[0]
        assert row.params - num_weights in (out, 2 * out), row
    return True


def _is_linear(name: str, modules: Mapping[str, nn.Module]) -> bool:
    """Whether it is the convolution without batch norm of a `linear` block."""
    parent, _, own = name.rpartition(".")
    names = {child for child, _ in modules[parent].named_children()} if parent else set()
    return own == "conv" and names <= {"pool", "conv", "act"}


def random_network(rng: Generator, sort: str) -> Architecture:
    """Widths need not be multiples of anything."""
    residual = sort in ("bottleneck", "regnet_z")
    either = sort in ("transition", "simple")
    v3 = sort in ("mobile_v3", "uib") or (either and bool(rng.random() < 0.3))
    stem = Stem(
        width=int(rng.integers(1, 20)),
        kernel=int(rng.choice([1, 3, 5, 7])),
        stride=int(rng.choice([1, 2, 4])),
        activation=str(rng.choice(ACTIVATIONS)),
        max_pool=residual and bool(rng.random() < 0.4),
    )
    stages = [_stage(rng, sort) for _ in range(rng.integers(1 + residual, 4))]
    stride = stem.stride * (2 if stem.max_pool else 1)
    product = math.prod(stage.blocks[0].stride for stage in stages)
    assert product <= MAX_STRIDE_OF_HIDDEN
    without = residual and rng.random() < 0.5
    if sort == "simple":
        stages = _with_simple(rng, stages, stem.width)
    return Architecture(
        resolution=stride * product + int(rng.integers(0, 9)),
        in_channels=int(rng.choice([1, 3])),
        num_classes=int(rng.integers(1, 12)),
        stem=stem,
        stages=tuple(stages),
        head=Head(
            width=None if without else int(rng.integers(1, 40)),
            activation=str(rng.choice(ACTIVATIONS)),
            hidden=int(rng.integers(1, 40)) if v3 else None,
            hidden_norm=v3 and bool(rng.random() < 0.3),
        ),
    )


def _stage(rng: Generator, sort: str) -> Stage:
    width, depth = int(rng.integers(1, 40)), int(rng.integers(1, 4))
    blocks = [_block(rng, sort, width, stride=int(rng.integers(1, 3)))]
    blocks += [_block(rng, sort, width, stride=1) for _ in range(depth - 1)]
    if sort == "transition":
        blocks = [_with_transition(rng, block) for block in blocks]
    return Stage(blocks=tuple(blocks))


def _with_transition(rng: Generator, block: Block) -> Block:
    """Sometimes with another width than the rest of the stage has."""
    width = block.width if rng.random() < 0.5 else int(rng.integers(1, 40))
    return replace(block, width=width, transition=block.skip and bool(rng.random() < 0.9))


def _with_simple(rng: Generator, stages: list[Stage], width: int) -> list[Stage]:
    """Half of the blocks replaced by those of layers left out, others without shortcut."""
    made = []
    for stage in stages:
        blocks = []
        for block in stage.blocks:
            drawn = int(rng.integers(6))
            if drawn == 0:
                wider = int(rng.choice([0, 3]))
                block = Block.identity(width + wider, stride=block.stride)
            elif drawn in (1, 2):
                activation = str(rng.choice(KINDS["linear"].activations))
                block = Block.linear(block.width, stride=block.stride, activation=activation)
            elif drawn == 3:
                block = replace(block, skip=False)
            blocks.append(block)
            width = block.width
        made.append(Stage(blocks=tuple(blocks)))
    return made


def _block(rng: Generator, sort: str, width: int, *, stride: int) -> Block:
    residual = sort in ("bottleneck", "regnet_z")
    kind = sort if sort in KINDS else str(rng.choice(["mbconv", "dsconv"]))
    expansion = float(rng.choice([0.25, 0.5, 1.0, 1.5, 4.0]))
    hidden = round(width * expansion)
    if residual and hidden == 0:
        expansion, hidden = 1.0, width
    divisors = [g for g in range(1, hidden + 1) if hidden % g == 0] if residual else []
    se = SqueezeExcite(
        ratio=float(rng.choice([0.6, 1.0])),
        of=str(rng.choice(["input", "hidden"])),
        activation=str(rng.choice(ACTIVATIONS)),
        gate=str(rng.choice(GATES)),
        divisor=int(rng.choice([1, 8])),
    )
    block = Block(
        kind=kind,
        kernel=int(rng.choice([1, 3, 5])),
        stride=stride,
        expansion=expansion,
        width=width,
        se=se if rng.random() < 0.5 else None,
        group_width=int(rng.choice(divisors)) if residual and rng.random() < 0.7 else None,
        activation=str(rng.choice(ACTIVATIONS)),
        skip=residual or bool(rng.random() < 0.8),
    )
    block = replace(block, **kinds.of(block).idle)
    if kind == "uib":
        start = int(rng.choice([0, 3, 5]))
        block = replace(block, start_kernel=start, kernel=int(rng.choice([0, 3] if start else [3])))
    return block
