"""A folded slice computes what the slice does, with as little as can be."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import torch
from choice_cases import random_network, random_running
from torch import Tensor, nn

from escalade.core.network import cost, kinds
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.core.numbers.seeds import generator
from escalade.core.space.space import Space
from escalade.nets.build import blank
from escalade.spaces.load import load
from escalade.supernet.extract import extract
from escalade.supernet.folding import Folded, fold
from escalade.supernet.make import make_supernet

BOUND = 1e-5  # of the norm of the difference over the norm of the logits, both in fp32


def loaded(folded: Folded) -> nn.Module:
    network = blank(folded.architecture)
    network.load_state_dict(folded.weights, strict=True, assign=True)
    return network.eval()


def difference(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


@torch.no_grad()
def check(running: Architecture, seed: int = 0) -> tuple[Folded, float]:
    """Fold a network of random weights and compare the two on images."""
    network = random_network(running, seed)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    folded = fold(network.state_dict(), running)
    x = torch.randn(3, running.in_channels, running.resolution, running.resolution)
    found = difference(loaded(folded)(x), network(x))
    assert all(torch.equal(before[name], tensor) for name, tensor in network.state_dict().items())
    return folded, found


def simple_positions(architecture: Architecture) -> list[tuple[int, int]]:
    return [
        (i, k)
        for i, stage in enumerate(architecture.stages)
        for k, block in enumerate(stage.blocks)
        if block.kind in ("linear", "identity")
    ]


@pytest.mark.slow
def test_folded_slices_compute_the_same() -> None:
    worst, reasons = 0.0, Counter[str]()
    num_folded, num = 0, 80
    for seed in range(num):
        running = random_running(seed)
        folded, found = check(running, seed)
        worst = max(worst, found)
        positions = sorted([*folded.folded, *(position for position, _ in folded.kept)])
        assert positions == simple_positions(running)
        assert cost.of(folded.architecture).macs <= cost.of(running).macs
        num_folded += len(folded.folded)
        reasons.update(reason for _, reason in folded.kept)
    assert worst < BOUND
    assert num_folded > num
    assert len(reasons) >= 4, reasons


def slice_of(*blocks: Block, width: int = 16) -> Architecture:
    """A network of one searched stage, after the fixed first block."""
    first = Block(kind="dsconv", expansion=1.0, width=width, activation="relu6")
    return Architecture(
        resolution=16,
        num_classes=4,
        stem=Stem(width=width),
        stages=(Stage(blocks=(first,)), Stage(blocks=blocks)),
        head=Head(width=32),
    )


MBCONV = Block(kernel=5, expansion=3.0, width=24, se=SqueezeExcite())


def test_a_folded_layer_keeps_its_inner_widths() -> None:
    running = slice_of(Block.linear(24), replace(MBCONV, skip=False))
    folded, found = check(running)
    assert found < BOUND
    assert (folded.folded, folded.kept) == (((1, 0),), ())
    (block,) = folded.architecture.stages[1].blocks
    assert (kinds.hidden(block, 16), kinds.se_width(block, 16)) == (72, 18)
    again = Architecture.from_json(folded.architecture.to_json())
    assert kinds.hidden(again.stages[1].blocks[0], 16) == 72
    removed = 16 * 24 * 64 + (24 - 16) * 72 * 64
    assert cost.of(running).macs - cost.of(folded.architecture).macs == removed


def test_inner_widths_that_follow_the_input_stay_too() -> None:
    for se in (SqueezeExcite(of="input"), SqueezeExcite(of="input", divisor=8)):
        before = replace(MBCONV, se=se, skip=False)
        folded, found = check(slice_of(Block.linear(24), before))
        assert found < BOUND
        (block,) = folded.architecture.stages[1].blocks
        assert kinds.se_width(block, 16) == kinds.se_width(before, 24)


def test_no_shortcut_appears_where_the_widths_become_equal() -> None:
    running = slice_of(Block.linear(24), replace(MBCONV, width=16))
    folded, found = check(running)
    assert found < BOUND
    assert folded.architecture.stages[1].blocks[0].skip is False


@pytest.mark.parametrize(
    ("kind", "name", "outputs"), [("conv", "conv", 16), ("fused_mbconv", "conv_exp", 72)]
)
def test_a_layer_folds_into_a_kernel(kind: str, name: str, outputs: int) -> None:
    expansion = 1.0 if kind == "conv" else 3.0
    block = Block(kind=kind, kernel=5, expansion=expansion, width=16, activation="swish")
    folded, found = check(slice_of(Block.linear(24), block))
    assert found < BOUND
    (left,) = folded.architecture.stages[1].blocks
    assert left == replace(block, skip=False, expansion=left.expansion)
    assert folded.weights[f"blocks.1.0.{name}.weight"].shape == (outputs, 16, 5, 5)


def test_identities_in_a_row_fold_into_one_and_then_away() -> None:
    blocks = (Block.linear(24), Block.linear(32), Block.linear(40), replace(MBCONV, width=48))
    folded, found = check(slice_of(*blocks))
    assert found < BOUND
    assert folded.folded == ((1, 0), (1, 1), (1, 2))
    assert folded.architecture.depths == (1, 1)


def test_the_last_identity_folds_into_the_head_and_its_stage_is_gone() -> None:
    running = slice_of(Block.linear(24), Block.linear(40))
    folded, found = check(running)
    assert found < BOUND
    assert folded.architecture.depths == (1,)
    assert folded.weights["conv_head.weight"].shape == (32, 16, 1, 1)


def test_the_max_pooling_of_an_identity_stays() -> None:
    folded, found = check(slice_of(Block.linear(24, stride=2), replace(MBCONV, width=32)))
    assert found < BOUND
    assert folded.architecture.stages[1].blocks[0] == Block.identity(16, stride=2)
    assert len(folded.architecture.stages[1].blocks) == 2


def test_appended_channels_fold_into_what_reads_them() -> None:
    running = slice_of(Block.identity(24, stride=2), Block.identity(32), replace(MBCONV, width=40))
    folded, found = check(running)
    assert found < BOUND
    assert [block.width for block in folded.architecture.stages[1].blocks] == [16, 40]
    assert cost.of(folded.architecture).macs < cost.of(running).macs


@pytest.mark.parametrize(
    ("identity", "reader", "words"),
    [
        (Block.linear(24), MBCONV, "shortcut"),
        (Block.linear(24), replace(MBCONV, width=32, transition=True), "shortcut"),
        (Block.linear(24), Block.linear(32, stride=2), "max pooling"),
        (Block.linear(24), Block.identity(24, stride=2), "max pooling"),
        (Block.linear(24), Block.identity(32), "no convolution"),
        (Block.linear(24, activation="relu"), replace(MBCONV, width=32), "relu follows"),
        (Block.linear(24), Block(kind="dsconv", expansion=1.0, width=32), "dsconv"),
        (Block.identity(24), MBCONV, "shortcut"),
    ],
)
def test_what_is_read_by_more_than_a_convolution_stays(
    identity: Block, reader: Block, words: str
) -> None:
    first, second = slice_of(identity), slice_of(reader, width=24)
    stages = (*first.stages, second.stages[1])  # a stage may begin with a stride
    running = replace(first, stages=stages)
    folded, found = check(running)
    assert found < BOUND
    [reason] = [reason for position, reason in folded.kept if position == (1, 0)]
    assert words in reason
    assert folded.architecture.stages[1].blocks[0] == identity


def test_a_network_of_identities_alone_keeps_one() -> None:
    running = replace(
        slice_of(MBCONV), stages=(Stage(blocks=(Block.linear(24), Block.linear(32))),)
    )
    folded, found = check(running)
    assert found < BOUND
    assert folded.architecture.stages == (Stage(blocks=(Block.linear(32),)),)
    assert folded.kept == (((0, 1), "it is the only layer"),)


def test_a_hidden_layer_after_pooling_is_no_obstacle() -> None:
    blocks = (Block.linear(24), Block.linear(32))
    running = replace(slice_of(*blocks), head=Head(width=32, hidden=48))
    folded, found = check(running)
    assert found < BOUND
    assert folded.architecture.depths == (1,)


def test_networks_without_identities_are_as_they_were() -> None:
    running = slice_of(MBCONV)
    state = random_network(running, 0).state_dict()
    folded = fold(state, running)
    assert folded.architecture == running
    assert folded.weights.keys() == state.keys()
    assert all(folded.weights[name] is state[name] for name in state)


def genomes(space: Space, num: int) -> list[np.ndarray]:
    """The all-identity one, and some with every third layer an identity."""
    rng = generator(0, "folding variant")
    drawn = space.sample_genomes(rng, num)
    drawn[rng.random(drawn.shape) < 1 / 3] = min(space.layout.identity_choices or {0})
    return [space.smallest, *drawn]


@pytest.mark.slow
@torch.no_grad()
@pytest.mark.parametrize(("name", "num"), [("scarlet_small_folds", 12), ("scarlet_folds", 3)])
def test_every_transformation_folds(name: str, num: int) -> None:
    space = load(name, in_channels=1, num_classes=5)
    torch.manual_seed(0)
    supernet = make_supernet(space.shape)
    num_folded = 0
    for genome in genomes(space, num):
        running = space.path(genome).running
        network = extract(supernet, running).eval()
        folded = fold(network.state_dict(), running)
        linear = [
            (i, k)
            for i, stage in enumerate(running.stages)
            for k, block in enumerate(stage.blocks)
            if block.kind == "linear"
        ]
        assert set(linear) <= set(folded.folded)
        assert not [reason for position, reason in folded.kept if position in linear]
        assert all(b.kind != "linear" for stage in folded.architecture.stages for b in stage.blocks)
        num_folded += len(linear)
        after = blank(folded.architecture)
        after.load_state_dict(folded.weights, strict=True, assign=True)
        images = torch.randn(2, 1, 64, 64)
        found, expected = after.eval()(images), network(images)
        assert (found - expected).norm() < 1e-5 * expected.norm()
    assert num_folded > 2 * num
