"""What `linear`, `identity` and blocks without a shortcut compute, by torch's functions."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, Stage, Stem
from escalade.nets.build import build
from sample_networks import scarlet, scarlet_running

WIDTH, SIDE = 8, 9


def _built(block: Block, **options: float | bool) -> nn.Module:
    architecture = Architecture(
        resolution=2 * SIDE,
        stem=Stem(width=WIDTH),
        stages=(Stage(blocks=(block,)),),
        head=Head(width=8),
    )
    torch.manual_seed(0)
    made: nn.Module = build(architecture, **options).blocks[0][0].eval()
    return made


@pytest.fixture
def images() -> Tensor:
    return torch.randn(2, WIDTH, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("activation", ["none", "relu"])
def test_linear(images: Tensor, stride: int, activation: str) -> None:
    block = _built(Block.linear(12, stride=stride, activation=activation))
    pooled = F.max_pool2d(images, 2, 2, ceil_mode=True) if stride == 2 else images
    expected = F.conv2d(pooled, block.conv.weight)
    if activation == "relu":
        expected = expected.relu()
    assert torch.equal(block(images), expected)
    assert list(block.state_dict()) == ["conv.weight"]
    assert expected.shape[2] == (5 if stride == 2 else 9)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("more", [0, 4])
def test_identity(images: Tensor, stride: int, more: int) -> None:
    block = _built(Block.identity(WIDTH + more, stride=stride))
    found = block(images)
    for i in range(found.shape[2]):  # an odd last row and column stand alone
        for j in range(found.shape[3]):
            window = images[:, :, stride * i : stride * (i + 1), stride * j : stride * (j + 1)]
            assert torch.equal(found[:, :WIDTH, i, j], window.amax((2, 3)))
    assert found.shape[1:] == (WIDTH + more, *((5, 5) if stride == 2 else (9, 9)))
    assert not found[:, WIDTH:].any()
    assert block.state_dict() == {}


@pytest.mark.parametrize("kind", ["mbconv", "dsconv"])
def test_a_block_without_its_shortcut(images: Tensor, kind: str) -> None:
    block = Block(kind=kind, expansion=2.0, width=WIDTH)
    with_shortcut, without = _built(block), _built(replace(block, skip=False))
    torch.testing.assert_close(with_shortcut(images), without(images) + images)
    assert with_shortcut.state_dict().keys() == without.state_dict().keys()


def test_stochastic_depth_spares_blocks_without_shortcut() -> None:
    """Dropping their branch would drop the image."""
    network = build(scarlet_running(), drop_path_rate=0.9).train()
    block = network.blocks[1][1]
    assert not block.has_skip
    images = torch.randn(64, 16, 5, 5, generator=torch.Generator().manual_seed(0))
    assert (block(images).abs().amax((1, 2, 3)) > 0).all()


def test_gammas_are_zero_only_before_a_shortcut() -> None:
    network = build(scarlet(), zero_residual=True)
    blocks = dict(network.named_parameters())
    zero = {name for name, value in blocks.items() if "bn" in name and not value.any()}
    assert {name for name in zero if name.endswith("weight")} == {
        "blocks.0.0.bn2.weight",
        "blocks.3.1.bn3.weight",
    }


def test_linears_are_drawn_as_timm_draws_convolutions() -> None:
    drawn = _built(Block.linear(512)).conv.weight.detach()
    assert float(drawn.std()) == pytest.approx((2 / 512) ** 0.5, rel=0.05)
