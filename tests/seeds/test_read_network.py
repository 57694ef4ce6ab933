"""A timm network read and built again computes the same, alone and as a path of a supernet."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from timm_networks import drawn, timm
from torch import Tensor, nn

from escalade.core.network.architecture import Architecture
from escalade.core.network.parts import parts_of
from escalade.core.space.shape import NetworkShape
from escalade.core.values.invalid import Invalid
from escalade.nets.build import build
from escalade.nets.reading.read_network import read_network
from escalade.nets.reading.same_layers import check_same_logits
from escalade.spaces import known
from escalade.supernet.make import make_supernet
from escalade.supernet.normalise import Statistics

SIDE = 64
QUICK = (
    *("tf_efficientnet_lite0", "tinynet_e", "semnasnet_075"),
    *("mobilenetv2_050", "tf_mobilenetv3_small_075", "mobilenetv3_small_050"),
    *("mobilenetv4_conv_small_050", "regnetx_002", "regnety_002"),
)
LARGER = (
    *("tf_efficientnetv2_b0", "regnetz_005", "regnetz_b16", "resnet26", "mobilenetv4_conv_medium"),
    *(
        "tf_efficientnet_b0",
        "hardcorenas_a",
        "tf_efficientnet_es",
        "resnext50_32x4d",
        "regnety_004",
        "mnasnet_100",
    ),
)
NAMES = [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in LARGER)]


@pytest.mark.parametrize("name", NAMES)
def test_a_network_read_and_built_again_gives_its_logits(name: str) -> None:
    theirs = drawn(name)
    reading = read_network(theirs, resolution=SIDE, name=name)
    for dtype, fault in ((torch.float64, 1e-8), (torch.float32, 1e-4)):
        theirs = theirs.to(dtype)
        tensors = reading.tensors(theirs.state_dict())
        ours = build(reading.architecture).eval().to(dtype)
        assert list(ours.state_dict().keys() ^ tensors.keys()) == []
        ours.load_state_dict(tensors)
        supernet = make_supernet(NetworkShape(largest=reading.architecture)).to(dtype)
        supernet.load_state_dict({key: tensors[key] for key in supernet.state_dict()})
        for side in (SIDE, SIDE + 5):  # TensorFlow's padding differs with it
            images = torch.randn(2, 3, side, side, dtype=dtype)
            with torch.no_grad():
                expected = theirs(images)
                path = replace(reading.architecture, resolution=side)
                statistics = statistics_of(path, tensors)
                assert_close(ours(images), expected, fault)
                assert_close(supernet(images, path, statistics=statistics), expected, fault)
        norms = [m for m in ours.modules() if isinstance(m, nn.BatchNorm2d)]
        expected_norms = [m for m in theirs.modules() if isinstance(m, nn.BatchNorm2d)]
        assert {(m.eps, m.momentum) for m in norms} == {(m.eps, m.momentum) for m in expected_norms}


def assert_close(found: Tensor, expected: Tensor, fault: float) -> None:
    assert float((found - expected).abs().max() / expected.abs().max()) <= fault


def statistics_of(architecture: Architecture, tensors: dict[str, Tensor]) -> Statistics:
    """Running statistics in the order in which a supernet runs its batch norms."""
    norms = [
        prefix + conv.norm
        for prefix, part in parts_of(architecture)
        for conv in part.layers.convs
        if conv.norm is not None
    ]
    return Statistics(
        means=tuple(tensors[f"{norm}.running_mean"] for norm in norms),
        variances=tuple(tensors[f"{norm}.running_var"] for norm in norms),
    )


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        *((name, name) for name in ("efficientnet_b0", "efficientnet_lite0", "tinynet_e")),
        *((name, name) for name in ("mnasnet_100", "mobilenetv4_conv_small", "efficientnetv2_s")),
        ("mobilenetv2_100", "mobilenet_v2"),
        ("mobilenetv3_large_100", "mobilenet_v3_large"),
        ("regnetx_002", "regnet_x_200mf"),
        ("regnety_032", "regnet_y_3_2gf"),
        ("resnet50", "resnet50"),
        ("resnext50_32x4d", "resnext50_32x4d"),
    ],
)
def test_what_is_known_by_name_is_read_as_it_is_known(theirs: str, ours: str) -> None:
    """Fields and all, so that a space around it has the same choices."""
    expected = known.load(ours)
    with torch.device("meta"):
        network = timm.create_model(theirs)
    found = read_network(network, resolution=expected.resolution).architecture
    assert found.key == expected.key


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("resnet18", r"stages\.0\.0: BasicBlock is not a block that can be read"),
        ("resnet26d", r"stem\.conv1\.conv: Sequential is not a plain convolution"),
        ("seresnet50", r"stages\.0\.0\.se\.fc1: Conv2d is no part of blocks"),
        ("mixnet_s", r"blocks\.1\.0\.conv_pwl: MixedConv2d is not a plain convolution"),
        ("mobilenetv4_hybrid_medium", r"blocks\.2\.4: MobileAttention is not a block"),
        ("mobilenetv4_conv_aa_medium", r"blocks\.0\.0\.aa: AvgPool2d is no part"),
        ("efficientnet_b1_pruned", r"blocks\.1\.1\.conv_pw: out_channels is 62; .* have 64"),
        ("lcnet_050", r"blocks\.5\.1: a hidden layer after pooling needs a 1x1"),
        ("mobilenetv3_rw", r"conv_head: blocks that can be read have a bias"),
        ("mobilenet_edgetpu_v2_xs", r"groups is 2; blocks that can be read have 1"),
        ("regnetz_040", r"final_conv: an activation alone before pooling"),
        ("vit_tiny_patch16_224", r"builds it as VisionTransformer, whose blocks cannot be read"),
        ("gernet_s", r"stages\.0\.0: BasicBlock"),
        ("efficientnet_cc_b0_4e", r"blocks\.4\.0: CondConvResidual"),
    ],
)
def test_unknown_parts_are_refused_by_name(name: str, message: str) -> None:
    with torch.device("meta"):
        network = timm.create_model(name)
    with pytest.raises(Invalid, match=message):
        read_network(network, resolution=224)


def test_a_layer_that_was_changed_is_refused() -> None:
    with torch.device("meta"):
        network = timm.create_model("tinynet_e")
    network.blocks[2][0].conv_dw.dilation = (2, 2)
    with pytest.raises(Invalid, match=r"blocks\.2\.0\.conv_dw: dilation is \(2, 2\)"):
        read_network(network, resolution=64)


def test_another_norm_or_activation_in_one_place_is_refused() -> None:
    network = drawn("tinynet_e")
    network.blocks[1][0].bn1.act = nn.GELU()
    with pytest.raises(Invalid, match=r"blocks\.1\.0\.bn1\.act: GELU is no part"):
        read_network(network, resolution=64)
    network = drawn("tinynet_e")
    network.blocks[1][0].bn1.eps = 0.1
    with pytest.raises(Invalid, match="epsilon and momentum of batch norms differ"):
        read_network(network, resolution=64)


def test_what_layers_do_not_say_is_seen_by_its_logits() -> None:
    network = drawn("tinynet_e")
    network.blocks[1][0].bn1.act = nn.ReLU()  # where the block's other activation is another
    reading = read_network(network, resolution=64)
    ours = build(reading.architecture).eval()
    ours.load_state_dict(reading.tensors(network.state_dict()))
    with pytest.raises(Invalid, match="computes something other than its layers do"):
        check_same_logits(ours, network, architecture=reading.architecture)
    same = drawn("tinynet_e")
    check_same_logits(ours, same, architecture=reading.architecture)
