"""Built networks against torchvision's and timm's own: the same weights give the same output."""

from __future__ import annotations

import warnings
from dataclasses import replace

import pytest
import torch
from timm.models.regnet import RegNet, RegNetCfg
from torch import Tensor, nn

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Stage
from escalade.nets.build import blank, build
from escalade.spaces import known

with warnings.catch_warnings():  # the libraries' own, from their import on
    warnings.simplefilter("ignore")
    import timm
    import torchvision

# name: of the resolution at which outputs are compared
TORCHVISION = {
    "efficientnet_b0": 64,
    "mobilenet_v2": 64,
    "mobilenet_v3_large": 64,
    "regnet_x_400mf": 64,
    "regnet_y_400mf": 75,
    "resnet50": 64,
    "resnext50_32x4d": 49,
}
# timm's networks: every tensor drawn like theirs, and their training resolution
SMALL = (
    *("mobilenetv3_large_100", "mobilenetv2_100", "efficientnet_b0", "efficientnet_lite0"),
    *("tinynet_c", "tinynet_e", "mnasnet_100", "mobilenetv3_small_050", "mobilenetv3_small_100"),
    *("mobilenetv4_conv_small", "mobilenetv4_conv_medium"),
)
LARGE = (
    *("efficientnet_lite1", "efficientnet_lite2", "efficientnet_lite3", "efficientnet_lite4"),
    *("tinynet_a", "tinynet_b", "tinynet_d", "mobilenetv3_small_075", "efficientnetv2_s"),
)
# facts, section 1: the published numbers that give the published figures
REGNET_Z = {
    "regnet_z_500mf": RegNetCfg(depth=21, w0=16, wa=10.7, wm=2.51, group_size=4),
    "regnet_z_4gf": RegNetCfg(depth=28, w0=48, wa=14.5, wm=2.226, group_size=8),
}


@pytest.mark.parametrize("name", TORCHVISION)
def test_torchvisions_weights_give_torchvisions_output(name: str) -> None:
    torch.manual_seed(0)
    theirs = torchvision.models.get_model(name, weights=None).eval()
    architecture = known.load(name)
    if name == "regnet_x_400mf":  # torchvision's differs there (docs/explanation/deviations.md)
        architecture = _with_last_width(architecture, 400)
    _assert_same(build(architecture).eval(), theirs, resolution=TORCHVISION[name])


@pytest.mark.parametrize(
    "name", [*SMALL, *(pytest.param(n, marks=pytest.mark.slow) for n in LARGE)]
)
def test_mobile_networks_are_timms_tensor_by_tensor(name: str) -> None:
    ours_of = {"mobilenetv3_large_100": "mobilenet_v3_large", "mobilenetv2_100": "mobilenet_v2"}
    torch.manual_seed(7)
    theirs = timm.create_model(name).eval()
    torch.manual_seed(7)
    architecture = known.load(ours_of.get(name, name))
    ours = build(architecture).eval()
    expected = theirs.state_dict()
    assert (3, architecture.resolution, architecture.resolution) == theirs.default_cfg["input_size"]
    assert list(ours.state_dict()) == list(expected)
    assert all(torch.equal(t, expected[key]) for key, t in ours.state_dict().items())
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(ours(images), theirs(images))


@pytest.mark.slow
@pytest.mark.parametrize("name", REGNET_Z)
def test_regnet_z_is_timms_regnet(name: str) -> None:
    config = REGNET_Z[name]
    config.bottle_ratio, config.se_ratio, config.num_features = 4.0, 0.25, 1000
    config.linear_out, config.downsample, config.act_layer = True, None, "silu"
    torch.manual_seed(0)
    theirs = RegNet(config).eval()
    _assert_same(build(known.load(name)).eval(), theirs, resolution=64)


@pytest.mark.parametrize("name", known.names())
def test_every_known_network_is_built_as_it_is_counted(name: str) -> None:
    architecture = known.load(name)
    network = blank(architecture)
    modules = dict(network.named_modules())
    assert all(layer.name in modules for layer in cost.layers(architecture))
    num_params = sum(parameter.numel() for parameter in network.parameters())
    assert num_params == cost.of(architecture).params


def _with_last_width(architecture: Architecture, width: int) -> Architecture:
    *others, last = architecture.stages
    blocks = tuple(replace(block, width=width) for block in last.blocks)
    return replace(architecture, stages=(*others, Stage(blocks=blocks)))


def _assert_same(ours: nn.Module, theirs: nn.Module, *, resolution: int) -> None:
    """Weights and statistics are drawn for theirs and carried over to ours."""
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.0)
            nn.init.normal_(module.bias, std=0.1)
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.8, 1.2)
    eps = {m.eps for m in theirs.modules() if isinstance(m, nn.BatchNorm2d)}
    for module in ours.modules():
        if isinstance(module, nn.BatchNorm2d):
            (module.eps,) = eps
    ours.load_state_dict(_in_our_order(list(ours.state_dict().items()), theirs.state_dict()))
    images = torch.randn(2, 3, resolution, resolution)
    with torch.no_grad():
        expected = theirs(images)
        torch.testing.assert_close(ours(images), expected, rtol=1e-4, atol=1e-5)
    assert expected.std() > 1e-3


def _in_our_order(ours: list[tuple[str, Tensor]], theirs: dict[str, Tensor]) -> dict[str, Tensor]:
    """Their tensors under our names. The orders differ in where a block's shortcut stands."""
    assert len(ours) == len(theirs)
    queues: dict[bool, list[Tensor]] = {True: [], False: []}
    for name, tensor in theirs.items():
        queues["downsample" in name or ".proj." in name].append(tensor)
    made = {}
    for name, tensor in ours:
        found = queues["shortcut" in name].pop(0)
        made[name] = found.reshape(tensor.shape)
        assert found.numel() == tensor.numel()
    return made
