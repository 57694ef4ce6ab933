"""Channels in another order: the function stays, and the important ones come first."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from escalade.core.network.architecture import Architecture
from escalade.nets.build import build
from escalade.supernet.sort_channels import sort_channels
from sample_networks import SAMPLES

NETWORKS = [name for name in SAMPLES if not name.startswith("scarlet")]


def trained(architecture: Architecture, seed: int) -> nn.Module:
    """A network in double precision with norms as a training leaves them, all different."""
    torch.manual_seed(seed)
    network = build(architecture).double().eval()
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            if name.endswith(("running_var", "weight")) and tensor.dim() == 1:
                tensor.uniform_(0.5, 2.0)
            elif tensor.is_floating_point() and tensor.dim() == 1:
                tensor.normal_(0.0, 0.3)
    return network


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", NETWORKS)
def test_the_function_stays(name, seed):
    architecture = SAMPLES[name]
    network = trained(architecture, seed)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    after = sort_channels(before, architecture)
    assert after.keys() == before.keys()
    moved = [key for key in before if not torch.equal(before[key], after[key])]
    assert len(moved) > len(before) / 3
    x = torch.randn(4, 1, architecture.resolution, architecture.resolution, dtype=torch.float64)
    expected = network(x)
    network.load_state_dict(after)
    assert torch.allclose(network(x), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_sorted_stays(name):
    architecture = SAMPLES[name]
    once = sort_channels(trained(architecture, 0).state_dict(), architecture)
    twice = sort_channels(once, architecture)
    assert all(torch.equal(once[key], twice[key]) for key in once)


def test_what_is_read_most_comes_first():
    """Hidden channels by what the last convolution makes of them; a stage's outputs alike."""
    architecture = SAMPLES["mobilenet_v3_like"]
    state = trained(architecture, 0).state_dict()
    state["blocks.1.0.conv_pwl.weight"][:, 5] *= 100
    for kind, factor in (("weight", 1), ("bias", 2), ("running_mean", 3)):
        state[f"blocks.1.0.bn2.{kind}"][5] = factor
    # The last convolution reads what both blocks of the stage add up.
    state["blocks.2.0.conv.weight"][:, 11] *= 100
    state["blocks.1.0.bn3.bias"][11], state["blocks.1.1.bn3.bias"][11] = 4, 5
    made = sort_channels(state, architecture)
    first = [made[f"blocks.1.0.bn2.{kind}"][0] for kind in ("weight", "bias", "running_mean")]
    assert first == [1, 2, 3]
    assert [made[f"blocks.1.{k}.bn3.bias"][0] for k in (0, 1)] == [4, 5]


def test_groups_stay_whole():
    architecture = SAMPLES["regnet_y_like"]
    state = trained(architecture, 0).state_dict()
    name, width = "stages.1.0.conv2_kxk.bn.bias", 8
    state[name].copy_(torch.arange(len(state[name])))
    made = sort_channels(state, architecture)[name].reshape(-1, width)
    assert torch.equal(made, made[:, :1] + torch.arange(width))


def test_layers_left_out_cannot_be_sorted():
    architecture = SAMPLES["scarlet_running"]
    with pytest.raises(ValueError, match="layers left out"):
        sort_channels(build(architecture).state_dict(), architecture)
