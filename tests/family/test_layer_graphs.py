"""ONNX graphs made of layers compute what the built networks compute."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import onnxruntime
import pytest
import torch

from escalade.core.network.parts import parts_of
from escalade.family.exports.layer_graphs import INPUT, graph_of
from escalade.nets.build import build
from escalade.supernet.recalibrate import fold
from sample_networks import (
    bignas,
    efficientnet_v2,
    mobilenet_v3,
    mobilenet_v4,
    regnet_y,
    regnet_z,
    resnet,
    scarlet,
)

MADE = (
    *(bignas, efficientnet_v2, mobilenet_v3, mobilenet_v4),
    *(regnet_y, regnet_z, resnet, scarlet),
)


def run(model, images):
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {INPUT: images})[0]


@pytest.mark.parametrize("make", MADE, ids=lambda make: make.__name__)
def test_a_graph_is_its_network(make):
    torch.manual_seed(0)
    architecture = make()
    network = build(architecture)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.uniform_(module.running_mean, -0.2, 0.2)
            torch.nn.init.uniform_(module.bias, -0.2, 0.2)
    side = architecture.resolution
    images = torch.randn(2, architecture.in_channels, side, side)
    with torch.no_grad():
        expected = network.eval()(images).numpy()
        folded = fold(deepcopy(network)).state_dict()
    weights = {name: tensor.numpy() for name, tensor in folded.items()}
    found = run(graph_of(parts_of(architecture), batch_size=2, weights=weights), images.numpy())
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()


@pytest.mark.parametrize("make", MADE, ids=lambda make: make.__name__)
def test_every_part_runs_alone(make):
    for _, part in parts_of(make()):
        images = np.ones((1, part.in_width, part.side, part.side), np.float32)
        found = run(graph_of([("", part)]), images)
        assert found.shape[2:] == ((part.after,) * 2 if found.ndim == 4 else ())
        assert np.isfinite(found).all()
