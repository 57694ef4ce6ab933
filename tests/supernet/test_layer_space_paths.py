"""The supernet of a per-layer space holds and runs every network of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from escalade.core.network import cost
from escalade.core.numbers.seeds import generator
from escalade.spaces.load import load
from escalade.supernet import shapes
from escalade.supernet.extract import extract
from escalade.supernet.recalibrate import path_statistics, recalibrate
from escalade.supernet.supernet import Supernet

SMALL = load("bignas_small", in_channels=1, num_classes=10)
SUPERNET = Supernet(SMALL.shape)


def genomes() -> list[np.ndarray]:
    return [SMALL.smallest, SMALL.largest, *SMALL.sample_genomes(generator(0, "supernet"), 10)]


@pytest.mark.parametrize("genome", genomes(), ids=range(12))
def test_a_path_is_its_extracted_network(genome: np.ndarray) -> None:
    architecture = SMALL.path(genome).architecture
    side = architecture.resolution
    torch.manual_seed(0)
    batches = [torch.randn(8, 1, side, side) for _ in range(2)]
    network = extract(SUPERNET, architecture)
    ours, plain = SUPERNET(batches[0], architecture), network.train()(batches[0])
    assert torch.allclose(ours, plain, atol=1e-4, rtol=1e-4)
    recalibrate(network, batches)
    statistics = path_statistics(SUPERNET, architecture, batches)
    ours = SUPERNET(batches[0], architecture, statistics=statistics)
    assert torch.allclose(ours, network(batches[0]), atol=1e-4, rtol=1e-4)
    assert sum(p.numel() for p in network.parameters()) == cost.of(architecture).params


def test_the_largest_network_uses_nearly_every_weight() -> None:
    """Left over are the projections between layers of equal width."""
    largest = SMALL.path(SMALL.largest).architecture
    held = sum(p.numel() for p in SUPERNET.parameters())
    idle = 0
    for stage in largest.stages:
        width = stage.blocks[0].width
        idle += (len(stage.blocks) - 1) * (width * width + 2 * width)
    assert held == cost.of(largest).params + idle


def test_the_published_supernet_holds_its_networks() -> None:
    space = load("bignas")
    supernet = Supernet(space.shape)
    rows = [space.smallest, space.largest, *space.sample_genomes(generator(0, "held"), 20)]
    for genome in rows:
        architecture = space.path(genome).architecture
        found = {name: tuple(w.shape) for name, w in supernet.slices(architecture).items()}
        held = shapes.of_network(architecture)
        assert found == {name: weight.shape for name, weight in held.items()}
