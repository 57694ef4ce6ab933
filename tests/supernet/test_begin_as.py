"""A supernet around a network begins as it: the largest path gives its logits."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from escalade.core.network.parts import parts_of
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import generator
from escalade.core.space.make_around import around
from escalade.core.space.path import Population
from escalade.core.space.space import Space
from escalade.nets.build import build
from escalade.supernet.begin_as import begin_as
from escalade.supernet.extract import extract
from escalade.supernet.make import make_supernet
from escalade.supernet.normalise import Statistics
from escalade.supernet.recalibrate import recalibrate
from escalade.supernet.sort_channels import sort_channels
from sample_networks import SAMPLES

NETWORKS = [name for name in SAMPLES if not name.startswith("scarlet")]


def space_of(name):
    network = SAMPLES[name]
    return Space(around(network, budgets=[Budget(1e9, "macs", 0.05)], name="around"))


def trained(architecture):
    torch.manual_seed(0)
    network = build(architecture).double().eval()
    for key, tensor in network.state_dict().items():
        if key.endswith(("running_var", "weight")) and tensor.dim() == 1:
            tensor.uniform_(0.5, 2.0)
        elif tensor.is_floating_point() and tensor.dim() == 1:
            tensor.normal_(0.0, 0.3)
    return network


def statistics(state, architecture):
    """The running statistics in the order of the forward pass."""
    norms = [
        prefix + conv.norm
        for prefix, part in parts_of(architecture)
        for conv in part.layers.convs
        if conv.norm is not None
    ]
    return Statistics(
        means=tuple(state[f"{norm}.running_mean"] for norm in norms),
        variances=tuple(state[f"{norm}.running_var"] for norm in norms),
    )


@pytest.mark.parametrize("name", NETWORKS)
def test_the_largest_path_is_the_network(name):
    architecture, space = SAMPLES[name], space_of(name)
    network = trained(architecture)
    supernet = make_supernet(space.shape).double()
    begin_as(supernet, network.state_dict(), architecture)
    x = torch.randn(4, 1, 20, 20, dtype=torch.float64)
    held = statistics(sort_channels(network.state_dict(), architecture), architecture)
    largest = replace(space.shape.largest, resolution=20)
    found = supernet(x, largest, statistics=held)
    assert torch.allclose(found, network(x), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_path_is_its_network(name):
    """What a path of it computes is what is cut out of it, with the batch's statistics."""
    space = space_of(name)
    supernet = make_supernet(space.shape).double()
    begin_as(supernet, trained(SAMPLES[name]).state_dict(), SAMPLES[name])
    genomes = space.sample_genomes(generator(0, "paths"), 6)
    for path in space.paths(Population.unscaled(genomes)):
        side = path.architecture.resolution
        x = torch.randn(4, 1, side, side, dtype=torch.float64)
        network = extract(supernet, path.running).double()
        recalibrate(network, [x])
        network.train()
        assert torch.allclose(supernet(x, path.running), network(x), rtol=1e-8, atol=1e-8)


def test_weights_that_do_not_fit_are_named():
    space, architecture = space_of("mobilenet_v3_like"), SAMPLES["mobilenet_v3_like"]
    state = trained(replace(architecture, num_classes=4)).state_dict()
    with pytest.raises(ValueError, match=r"classifier.weight: of shape \(4, 40\)"):
        begin_as(make_supernet(space.shape), state, replace(architecture, num_classes=4))
