"""What the supernet holds, which part a path uses, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from supernet_cases import random_case

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, Stage, Stem
from escalade.core.sampling.samplers import Hierarchical
from escalade.core.space.shape import StageShape, SupernetShape
from escalade.core.space.space import Space
from escalade.spaces.load import load
from escalade.supernet.elastic import view
from escalade.supernet.extract import extract
from escalade.supernet.supernet import Supernet
from escalade.supernet.weights_file import digest

SHAPE = SupernetShape(
    in_channels=3,
    num_classes=4,
    stem=Stem(width=16),
    head=Head(width=32),
    stages=(
        StageShape(depth=2, width=16, in_width=16, expansions=(2.0, 3.0), kernels=(3, 5), stride=1),
    ),
)


def network(**changes: object) -> Architecture:
    block = Block(kernel=3, expansion=2.0, width=8)
    made = Architecture(
        resolution=16,
        num_classes=4,
        stem=Stem(width=8),
        stages=(Stage(blocks=(block,)),),
        head=Head(width=32),
    )
    return replace(made, **changes)


def stage_of(**changes: object) -> tuple[Stage, ...]:
    return (Stage(blocks=(replace(Block(kernel=3, expansion=2.0, width=8), **changes),)),)


def test_views_are_leading_or_trailing_and_central() -> None:
    weight = torch.arange(4 * 3 * 5 * 5.0).reshape(4, 3, 5, 5)
    assert view(weight, (4, 3, 5, 5)) is weight
    assert torch.equal(view(weight, (2, 1, 3, 3)), weight[:2, :1, 1:4, 1:4])
    assert torch.equal(view(weight, (2, 1, 3, 3), side="right"), weight[2:, 2:, 1:4, 1:4])
    assert view(weight, (2, 3, 5, 5)).data_ptr() == weight.data_ptr()


@pytest.mark.parametrize("shared", [True, False])
def test_parameters_are_those_of_the_largest_network(shared: bool) -> None:
    supernet = Supernet(replace(SHAPE, shared_kernels=shared))
    names = dict(supernet.named_parameters())
    if shared:
        assert names["blocks.0.1.conv_dw.weight"].shape == (48, 1, 5, 5)
    else:
        assert names["blocks.0.1.kernel_3.conv_dw.weight"].shape == (48, 1, 3, 3)
        assert names["blocks.0.1.kernel_5.conv_dw.weight"].shape == (48, 1, 5, 5)
    # per block: 16x48 twice, batch norms 48, 48 and 16
    per_block = 2 * 16 * 48 + 2 * (48 + 48 + 16)
    depthwise = 48 * 25 if shared else 48 * (9 + 25)
    blocks = 2 * (per_block * (1 if shared else 2) + depthwise)
    rest = 27 * 16 + 32 + 16 * 32 + 64 + 32 * 4 + 4
    assert sum(p.numel() for p in supernet.parameters()) == blocks + rest
    assert not list(supernet.buffers())


def test_each_kernel_has_weights_of_its_own() -> None:
    supernet = Supernet(replace(SHAPE, shared_kernels=False))
    supernet(torch.randn(2, 3, 16, 16), network()).sum().backward()
    touched = {name for name, p in supernet.named_parameters() if p.grad is not None}
    assert any("blocks.0.0.kernel_3" in name for name in touched)
    assert not any("kernel_5" in name or "blocks.0.1" in name for name in touched)


def test_the_largest_path_uses_every_weight_itself() -> None:
    block = Block(kernel=5, expansion=3.0, width=16)
    largest = network(stem=Stem(width=16), stages=(Stage(blocks=(block, block)),))
    supernet = Supernet(SHAPE, coupled=True)
    parameters = dict(supernet.named_parameters())
    for side in ("left", "right"):
        slices = supernet.slices(largest, side=side)
        assert {name: id(part) for name, part in slices.items()} == {
            name: id(p) for name, p in parameters.items()
        }


def test_sides_of_half_width_are_disjoint() -> None:
    supernet = Supernet(SHAPE, coupled=True)
    left = supernet.slices(network(), side="left")
    right = supernet.slices(network(), side="right")
    for name in ("conv_stem.weight", "bn1.weight"):
        held = supernet.get_parameter(name)
        assert torch.equal(torch.cat([left[name], right[name]]), held)
    assert torch.equal(left["classifier.weight"], right["classifier.weight"])
    projection = "blocks.0.0.conv_pwl.weight"
    held = supernet.get_parameter(projection)
    assert torch.equal(left[projection], held[:8, :16])
    assert torch.equal(right[projection], held[8:, 32:])


@pytest.mark.slow
def test_initial_values_follow_timm() -> None:
    torch.manual_seed(0)
    supernet = Supernet(load("scalenet_half", num_classes=100).shape)
    deviations = {
        name: (p.std().item(), p.shape) for name, p in supernet.named_parameters() if p.dim() == 4
    }
    for name, (found, size) in deviations.items():
        fan_out = size[2] * size[3] * (1 if "conv_dw" in name else size[0])
        num = torch.Size(size).numel()
        assert found == pytest.approx((2 / fan_out) ** 0.5, rel=6 / num**0.5), name
    assert supernet.get_parameter("classifier.weight").abs().max() <= 0.1
    assert torch.equal(
        supernet.get_parameter("bn1.weight"), torch.ones_like(supernet.get_parameter("bn1.weight"))
    )


@pytest.mark.slow
def test_each_named_space_runs_and_extracts() -> None:
    for name, factors in (("small", (1.0, 2.0)), ("scalenet_half", None)):
        space: Space = load(name, factors=factors, in_channels=1, num_classes=10)
        supernet = Supernet(space.shape)
        population = Hierarchical(space).draw(np.random.default_rng(0), 3)
        for path in space.paths(population):
            side = min(path.architecture.resolution, 40)
            x = torch.randn(4, 1, side, side).to(memory_format=torch.channels_last)
            with torch.no_grad():
                ours = supernet(x, path.architecture)
                plain = extract(supernet, path.architecture).train()(x)
            assert torch.allclose(ours, plain, atol=1e-4)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (network(in_channels=1), "in_channels: the supernet has 3, the architecture 1"),
        (network(num_classes=5), "num_classes"),
        (network(stem=Stem(width=24)), "holds"),
        (network(stem=Stem(width=8, kernel=5)), "stem.kernel"),
        (network(stages=stage_of(width=24)), "holds"),
        (network(stages=stage_of(kernel=7)), r"stages\[0\].blocks\[0\]"),
        (network(stages=stage_of(kind="dsconv")), r"stages\[0\].blocks\[0\]"),
        (network(stages=stage_of() * 2), "stages: the supernet has 1"),
        (network(stages=(Stage(blocks=stage_of()[0].blocks * 3),)), "at most 2 blocks"),
    ],
)
def test_what_is_not_held_is_refused(wrong: Architecture, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Supernet(SHAPE).slices(wrong)


def test_the_right_side_needs_coupling() -> None:
    with pytest.raises(ValueError, match="coupled"):
        Supernet(SHAPE).slices(network(), side="right")


def test_nothing_is_remembered_between_calls() -> None:
    case = random_case(3)
    before = digest(case.supernet)
    first = case.supernet(case.batches[0], case.architecture)
    case.supernet(case.batches[1], case.architecture)
    assert torch.equal(first, case.supernet(case.batches[0], case.architecture))
    assert digest(case.supernet) == before


def test_digest_sees_values_only() -> None:
    torch.manual_seed(0)
    one = Supernet(SHAPE)
    torch.manual_seed(0)
    two = Supernet(SHAPE).to(memory_format=torch.contiguous_format)
    assert digest(one) == digest(two)
    with torch.no_grad():
        two.get_parameter("classifier.bias")[0] += 1e-6
    assert digest(one) != digest(two)
