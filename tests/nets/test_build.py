"""Networks against timm's own and against the architecture's numbers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

import escalade.timm  # noqa: F401  registers the entry point
from escalade.core.network import cost, kinds, legality
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, SqueezeExcite, Stage, Stem
from escalade.core.network.parts import parts_of
from escalade.nets.build import blank, build, modules_of
from escalade.nets.facts import facts
from escalade.nets.shared import ACTIVATIONS, GATES
from escalade.spaces import known
from sample_networks import scarlet, scarlet_running

SMALL = Architecture(
    name="small",
    resolution=20,
    in_channels=1,
    num_classes=5,
    stem=Stem(width=12),
    stages=(
        Stage(blocks=(Block(kind="dsconv", width=12, se=SqueezeExcite(of="input")),)),
        Stage(
            blocks=(
                Block(kernel=5, stride=2, expansion=3.5, width=20, se=SqueezeExcite()),
                Block(kernel=7, expansion=2.0, width=20, activation="relu"),
            )
        ),
    ),
    head=Head(width=36, activation="swish"),
)


def test_details_arrive_in_the_network() -> None:
    network = build(SMALL, drop_rate=0.2, drop_path_rate=0.3)
    assert network.conv_stem.out_channels == 12
    assert [stage[-1].bn2.num_features for stage in network.blocks] == [12, 40]
    assert network.blocks[1][0].conv_dw.out_channels == 40  # make_divisible(12 * 3.5)
    assert network.blocks[0][0].se.conv_reduce.out_channels == 3
    assert network.blocks[1][0].se.conv_reduce.out_channels == 10
    assert isinstance(network.blocks[1][0].se.gate, torch.nn.Hardsigmoid)
    assert isinstance(network.blocks[1][0].se.act1, torch.nn.ReLU)
    assert isinstance(network.blocks[1][1].bn1.act, torch.nn.ReLU)
    assert isinstance(network.bn1.act, torch.nn.Hardswish)
    assert isinstance(network.bn2.act, torch.nn.SiLU)
    assert network.drop_rate == 0.2
    assert network.blocks[1][1].drop_path.drop_prob == pytest.approx(0.3 * 2 / 3)
    assert sum(p.numel() for p in network.parameters()) == cost.of(SMALL).params


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_stem_stride_and_deep_strides_are_not_dilated(stride: int) -> None:
    blocks = [Stage(blocks=(Block(stride=2, expansion=1.0, width=8),)) for _ in range(5)]
    arch = Architecture(
        resolution=150, stem=Stem(width=8, stride=stride), stages=tuple(blocks), head=Head(width=8)
    )
    network = build(arch)
    with torch.no_grad():
        features = network.forward_features(torch.randn(1, 3, 150, 150))
    side = 150
    for each in (stride, 2, 2, 2, 2, 2):
        side = (side - 1) // each + 1
    assert features.shape[-1] == side
    assert network.feature_info[-1]["reduction"] == 32 * stride


def test_every_activation_is_built() -> None:
    assert set(ACTIVATIONS) == set(kinds.ACTIVATIONS)
    assert set(GATES) == set(legality.GATES)


def test_blank_draws_and_allocates_nothing() -> None:
    before = torch.get_rng_state()
    network = blank(SMALL)
    assert torch.equal(torch.get_rng_state(), before)
    assert all(tensor.is_meta for tensor in network.state_dict().values())
    assert list(network.state_dict()) == list(build(SMALL).state_dict())


def test_a_late_stride_is_refused() -> None:
    blocks = (Block(width=8), Block(width=8, stride=2))
    arch = Architecture(
        resolution=32, stem=Stem(width=8), stages=(Stage(blocks=blocks),), head=Head(width=8)
    )
    with pytest.raises(ValueError, match=r"stages\[0\].blocks\[1\].stride"):
        facts(arch)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    network = build(SMALL)
    save_file(network.state_dict(), tmp_path / "model.safetensors")
    config = {
        "architecture": "escalade_net",
        "num_classes": 5,
        "num_features": 36,
        "model_args": {"architecture_json": SMALL.to_json()},
        "pretrained_cfg": {"num_classes": 5, "input_size": [1, 20, 20]},
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    return tmp_path


def test_a_folder_loads_through_timm(folder: Path) -> None:
    network = timm.create_model(f"local-dir:{folder}", pretrained=True).eval()
    torch.manual_seed(0)
    expected = build(SMALL).eval()
    x = torch.randn(2, 1, 20, 20)
    with torch.no_grad():
        assert torch.equal(network(x), expected(x))


def test_timms_own_arguments_work(folder: Path) -> None:
    name = f"local-dir:{folder}"
    x = torch.randn(2, 3, 20, 20)
    changed = timm.create_model(name, pretrained=True, num_classes=7, in_chans=3, drop_rate=0.5)
    assert changed(x).shape == (2, 7)
    assert changed.drop_rate == 0.5
    grey = x[:, :1]
    headless = timm.create_model(name, pretrained=True, num_classes=0)
    assert headless(grey).shape == (2, 36)
    maps = timm.create_model(name, pretrained=True, num_classes=0, global_pool="")
    assert maps(grey).shape == (2, 36, 5, 5)
    pyramid = timm.create_model(name, pretrained=True, features_only=True, out_indices=(0, 1))
    assert [f.shape[1] for f in pyramid(grey)] == pyramid.feature_info.channels() == [12, 20]


def test_an_entry_without_architecture_is_refused() -> None:
    with pytest.raises(ValueError, match="architecture_json is missing"):
        timm.create_model("escalade_net")


@pytest.mark.parametrize(
    "name",
    [
        "bignas_659m",
        "efficientnet_b0",
        "mobilenet_v2",
        "mobilenet_v3_large",
        "regnet_x_400mf",
        "regnet_y_400mf",
        "regnet_z_500mf",
        "resnet50",
        "resnext50_32x4d",
    ],
)
def test_modules_one_after_the_other_are_the_network(name: str) -> None:
    _check(replace(known.load(name), resolution=64, num_classes=7))


@pytest.mark.parametrize("architecture", [scarlet(), scarlet_running()], ids=lambda each: each.name)
def test_layers_left_out_are_parts_as_well(architecture: Architecture) -> None:
    _check(architecture)
    parts = [part for _, part in parts_of(architecture)]
    assert {part.kind for part in parts} >= {"identity", "dsconv"}
    assert not any(part.layers.adds for part in parts if part.kind in ("identity", "linear"))


def _check(architecture: Architecture) -> None:
    network = build(architecture).eval()
    side = architecture.resolution
    images = torch.rand(1, architecture.in_channels, side, side)
    with torch.inference_mode():
        values = images
        for (_, part), module in zip(parts_of(architecture), modules_of(network), strict=True):
            assert values.shape[1:] == (part.in_width, part.side, part.side), part
            values = module(values)
        assert torch.equal(values, network(images))
