from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from timm.utils import ModelEmaV3
from tiny_training import Training, assert_equal, plain_network
from torch import Tensor, nn

from escalade.config.recipe import Recipe
from escalade.train.averaging import WeightAverage
from escalade.train.step import Batch, Step


def _move(network: nn.Module, *, seed: int) -> None:
    """Changes every weight and statistic, as a step does."""
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.add_(torch.randn(value.shape, generator=rng))
            else:
                value.add_(1)


def test_the_average_is_timms() -> None:
    network = plain_network().to(memory_format=torch.channels_last)
    share, num_steps = 0.4, 20  # a window of 8 steps
    average = WeightAverage(network, share=share, num_steps=num_steps, num_copied=0)
    timm = ModelEmaV3(network, decay=1 - 1 / 8)
    for step in range(num_steps):
        _move(network, seed=step)
        average.update(step=step)
        timm.set(network) if step == 0 else timm.update(network)
    last = {name: value.clone() for name, value in network.state_dict().items()}
    average.give()
    for name, value in timm.module.state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], value)
        assert value.dtype == torch.int64 or not torch.equal(value, last[name])
    assert network.state_dict()["1.num_batches_tracked"] == num_steps
    assert network[0].weight.is_contiguous(memory_format=torch.channels_last)  # type: ignore[index,union-attr,operator]


def test_the_average_copies_while_the_rate_warms_up() -> None:
    network = nn.Linear(1, 1, bias=False)
    average = WeightAverage(network, share=0.2, num_steps=10, num_copied=3)
    for step in range(6):
        nn.init.constant_(network.weight, 2.0**step)
        average.update(step=step)
    average.give()
    # Copied are 1, 2, 4; then half of what was and half of 8, 16, 32.
    assert network.weight.item() == (((4 + 8) / 2) + 16) / 4 + 16


@pytest.mark.parametrize("is_supernet", [False, True])
def test_a_training_ends_with_the_average_of_all_weights(tmp_path: Path, is_supernet: bool) -> None:
    """In a supernet too, where a step leaves alone what its path does not use."""
    recipe = Recipe(steps=12, batch_size=8, learning_rate=0.05, warmup=0.25, averaging=0.5)
    seen: list[dict[str, Tensor]] = []  # the weights before each step

    def make(**more: Any) -> Training:
        return Training(network=None if is_supernet else plain_network(), **more)

    def watch(step: Step) -> Step:
        def watched(batch: Batch) -> Tensor:
            seen.append(plain.state())
            return step(batch)

        return watched

    plain = make(recipe=replace(recipe, averaging=None), wrap=watch)
    plain.run()
    after = [*seen[1:], plain.state()]
    averaged = make(recipe=recipe)
    averaged.run(checkpoint=tmp_path / "c.pt")
    num_untouched = 0
    for name, value in averaged.state().items():
        expected = after[2][name].double()  # three steps warm up
        for before, state in pairwise(after[2:]):
            expected = expected + (state[name] - expected) / 6
            num_untouched += value.ndim > 1 and torch.equal(before[name], state[name])
        if value.is_floating_point():
            torch.testing.assert_close(value.double(), expected, rtol=1e-5, atol=1e-6)
    assert (num_untouched > 0) == is_supernet
    again = make(recipe=recipe)
    again.run(checkpoint=tmp_path / "c.pt")  # finished: it is only loaded
    assert_equal(averaged.state(), again.state())
