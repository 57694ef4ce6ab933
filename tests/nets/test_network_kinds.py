"""Details of networks that timm has no plain EfficientNet for: bottlenecks, a hidden head layer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from timm.layers.drop import DropPath
from timm.models.byobnet import BottleneckBlock, ByobNet
from timm.models.efficientnet import EfficientNet
from timm.models.mobilenetv3 import MobileNetV3
from torch import Tensor, nn

import escalade.timm  # noqa: F401  registers the entry point
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head
from escalade.nets.build import blank, build
from escalade.nets.facts import MAX_STRIDE_OF_HIDDEN, facts
from escalade.nets.mobile import Transition
from sample_networks import SAMPLES, mobilenet_v3, regnet_y, regnet_z, resnet, stage


@pytest.mark.parametrize("name", SAMPLES)
def test_networks_are_timms_own_classes(name: str) -> None:
    network = build(SAMPLES[name])
    depthwise = ("efficientnet_v2_like", "bignas_like", "scarlet_like", "scarlet_running")
    kinds = dict.fromkeys(depthwise, EfficientNet)
    kinds |= dict.fromkeys(("mobilenet_v3_like", "mobilenet_v4_like"), MobileNetV3)
    assert type(network) is kinds.get(name, ByobNet)
    modules = {type(module) for module in network.modules()}
    ours = {each for each in modules if each.__module__.split(".")[0] not in ("timm", "torch")}
    assert ours == ({Transition} if name == "bignas_like" else set())


def test_scaled_regnet_keeps_its_squeeze_widths() -> None:
    """timm's own ratio is relative to the bottleneck, and gives 4,429,112 (facts, section 1)."""
    arch = regnet_y(widths=(48, 104, 208, 440), depths=(1, 3, 6, 6), resolution=224, width=32)
    network = blank(replace(arch, in_channels=3, num_classes=1000))
    assert sum(parameter.numel() for parameter in network.parameters()) == 4_344_144
    assert network.stages[1][0].attn.fc1.out_channels == 12


def test_details_arrive_in_a_regnet_z() -> None:
    network = build(regnet_z(), drop_rate=0.2, drop_path_rate=0.3)
    blocks = [block for group in network.stages for block in group]
    assert all(type(block) is BottleneckBlock for block in blocks)
    assert [block.conv2_kxk.conv.out_channels for block in blocks] == [32, 48, 48, 48, 48]
    assert {block.conv2_kxk.conv.weight.shape[1] for block in blocks} == {4}
    assert [block.shortcut is None for block in blocks] == [True, True, False, False, False]
    assert all(isinstance(block.act, nn.Identity) for block in blocks)
    assert isinstance(network.final_conv.bn.act, nn.SiLU)
    assert network.final_conv.conv.out_channels == 40
    assert network.head.drop.p == 0.2


def test_stochastic_depth_spares_blocks_without_shortcut() -> None:
    """Dropping their branch would drop the image."""
    network = build(regnet_z(), drop_path_rate=0.4)
    rates = [
        block.drop_path.drop_prob if isinstance(block.drop_path, DropPath) else 0.0
        for group in network.stages
        for block in group
    ]
    assert rates == pytest.approx([0.0, 0.0, 0.2, 0.3, 0.4])


def test_residual_branches_start_at_zero_as_in_timm() -> None:
    network = build(resnet())
    assert all(not block.conv3_1x1.bn.weight.any() for group in network.stages for block in group)
    through = build(regnet_z()).stages[0][0]  # no shortcut: zero would stop everything
    assert through.conv3_1x1.bn.weight.all()


@pytest.mark.parametrize(
    ("width", "kernel", "stride", "max_pool"),
    [(7, 5, 1, False), (8, 1, 4, True), (9, 7, 2, True), (16, 3, 2, False)],
)
def test_any_stem(width: int, kernel: int, stride: int, max_pool: bool) -> None:
    arch = regnet_y(width=width, kernel=kernel, stride=stride, max_pool=max_pool, resolution=67)
    network = build(arch).eval()
    with torch.no_grad():
        found = network.stem(torch.randn(1, 1, 67, 67))
    side = (67 - 1) // stride + 1
    side = (side - 1) // 2 + 1 if max_pool else side
    assert found.shape == (1, width, side, side)
    assert network.feature_info[-1]["reduction"] == stride * (2 if max_pool else 1) * 4
    assert cost.layers(arch)[0].name in dict(network.named_modules())


def test_odd_stems_are_drawn_like_timms() -> None:
    torch.manual_seed(0)
    usual = build(regnet_y(width=512)).stem.conv.weight
    odd = build(regnet_y(width=512, kernel=5)).stem.conv.weight
    assert _deviation(odd) == pytest.approx(_deviation(usual) * 3 / 5, rel=0.05)


def test_odd_last_widths_are_drawn_like_timms() -> None:
    torch.manual_seed(0)
    with_conv = regnet_z(widths=(8, 30), depths=(1, 1), head=400)
    without = regnet_y(widths=(8, 24))
    assert _deviation(build(with_conv).final_conv.conv.weight) == pytest.approx(
        (2 / 400) ** 0.5, rel=0.1
    )
    odd = replace(without, stages=(*without.stages[:1], stage(_plain(30), 1)), num_classes=400)
    head = build(odd).head.fc
    assert head.in_features == 30
    assert _deviation(head.weight) == pytest.approx(0.01, rel=0.1)
    assert not head.bias.any()


def _deviation(weights: Tensor) -> float:
    return float(weights.detach().std())


def _plain(width: int) -> Block:
    return Block(kind="bottleneck", expansion=1.0, width=width, activation="relu")


def test_blank_is_the_built_network_without_values() -> None:
    for arch in SAMPLES.values():
        before = torch.get_rng_state()
        network = blank(arch)
        assert torch.equal(torch.get_rng_state(), before)
        assert all(tensor.is_meta for tensor in network.state_dict().values())
        shapes = {name: t.shape for name, t in build(arch).state_dict().items()}
        assert {name: t.shape for name, t in network.state_dict().items()} == shapes


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda: replace(regnet_y(), stages=regnet_y().stages[:1]),
            "timm builds networks of bottleneck blocks from two stages on",
        ),
        (
            lambda: _strided(mobilenet_v3(), MAX_STRIDE_OF_HIDDEN * 2),
            "strides whose product is 32 cannot be built with head.hidden, 16 at most",
        ),
        (
            lambda: replace(regnet_y(), stages=(stage(_plain(8), 1), stage(_narrow(), 1))),
            r"stages\[1\].blocks\[0\].expansion: 0.25 of 1 channels is below 1",
        ),
    ],
)
def test_what_timm_cannot_build_is_refused(change, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        facts(change())


def _narrow() -> Block:
    return replace(_plain(1), expansion=0.25)


def _strided(arch: Architecture, product: int) -> Architecture:
    first = arch.stages[0]
    stages = (first,) * product.bit_length()
    strided = [stage(replace(each.blocks[0], stride=2), 1) for each in stages[1:]]
    return replace(
        arch, resolution=2 * product, stages=tuple(strided), head=Head(width=8, hidden=8)
    )


@pytest.fixture(params=SAMPLES)
def sample(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Architecture, str, nn.Module]:
    arch = SAMPLES[request.param]
    torch.manual_seed(0)
    network = build(arch)
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    config = {
        "architecture": "escalade_net",
        "num_classes": arch.num_classes,
        "model_args": {"architecture_json": arch.to_json()},
        "pretrained_cfg": {"num_classes": arch.num_classes, "input_size": [1, 20, 20]},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    return arch, f"local-dir:{tmp_path}", network.eval()


def test_timms_own_arguments_work(sample: tuple[Architecture, str, nn.Module]) -> None:
    arch, name, network = sample
    x = torch.randn(2, 3, 20, 20)
    grey = x[:, :1]
    with torch.no_grad():
        same = timm.create_model(name, pretrained=True).eval()
        assert torch.equal(same(grey), network(grey))
        # a colour image whose channels are equal gives what the grey one gives
        colour = timm.create_model(name, pretrained=True, in_chans=3).eval()
        same_in_colour = colour(grey.repeat(1, 3, 1, 1))
        torch.testing.assert_close(same_in_colour, network(grey), rtol=1e-3, atol=1e-4)
    changed = timm.create_model(name, pretrained=True, num_classes=7, in_chans=3, drop_rate=0.5)
    assert changed(x).shape == (2, 7)
    assert changed.drop_rate == 0.5
    headless = timm.create_model(name, pretrained=True, num_classes=0)
    assert headless(grey).shape == (2, arch.features)
    pyramid = timm.create_model(name, pretrained=True, features_only=True)
    maps = pyramid(grey)
    assert len(maps) == len(network.feature_info) > 1
    assert [f.shape[1] for f in maps] == pyramid.feature_info.channels()
    sides = [-(-20 // reduction) for reduction in pyramid.feature_info.reduction()]
    assert [f.shape[2] for f in maps] == sides
    (last,) = timm.create_model(name, features_only=True, out_indices=(-1,))(grey)
    assert last.shape == maps[-1].shape
