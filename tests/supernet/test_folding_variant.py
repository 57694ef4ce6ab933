"""In the folding variants of the choice spaces every transformation folds."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from escalade.core.numbers.seeds import generator
from escalade.core.space.space import Space
from escalade.nets.build import blank
from escalade.spaces.load import load
from escalade.supernet.extract import extract
from escalade.supernet.folding import fold
from escalade.supernet.make import make_supernet


def genomes(space: Space, num: int) -> list[np.ndarray]:
    """The all-identity one, and some with every third layer an identity."""
    rng = generator(0, "folding variant")
    drawn = space.sample_genomes(rng, num)
    drawn[rng.random(drawn.shape) < 1 / 3] = min(space.identity_choices or {0})
    return [space.smallest, *drawn]


@pytest.mark.slow
@torch.no_grad()
@pytest.mark.parametrize(("name", "num"), [("scarlet_small_folds", 12), ("scarlet_folds", 3)])
def test_every_transformation_folds(name: str, num: int) -> None:
    space = load(name, in_channels=1, num_classes=5)
    torch.manual_seed(0)
    supernet = make_supernet(space.shape)
    num_folded = 0
    for genome in genomes(space, num):
        running = space.path(genome).running
        network = extract(supernet, running).eval()
        folded = fold(network.state_dict(), running)
        linear = [
            (i, k)
            for i, stage in enumerate(running.stages)
            for k, block in enumerate(stage.blocks)
            if block.kind == "linear"
        ]
        assert set(linear) <= set(folded.folded)
        assert not [reason for position, reason in folded.kept if position in linear]
        assert all(b.kind != "linear" for stage in folded.architecture.stages for b in stage.blocks)
        num_folded += len(linear)
        after = blank(folded.architecture)
        after.load_state_dict(folded.weights, strict=True, assign=True)
        images = torch.randn(2, 1, 64, 64)
        found, expected = after.eval()(images), network(images)
        assert (found - expected).norm() < 1e-5 * expected.norm()
    assert num_folded > 2 * num
