from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from escalade.artefacts.latencies import Quartiles
from escalade.evaluate.timing.training_step import training_step
from escalade.evaluate.timing.turns import (
    measure,
    measure_many,
    rounds,
    summarise,
    take_turns,
)
from escalade.train.runtime import Runtime

RUNTIME = Runtime(device="cpu")


class Clock(Runtime):
    """A runtime whose clock the networks set."""

    now = 0.0

    def clock(self) -> float:
        return self.now


class Takes(nn.Module):
    """Takes a known time on a clock, the first time ten times as long; notes what it was given."""

    def __init__(
        self, seconds: float, clock: Clock, calls: list[tuple[float, tuple[int, ...], int]]
    ) -> None:
        super().__init__()
        self.seconds, self.clock, self.calls = seconds, clock, calls
        self.num = 0

    def forward(self, images: Tensor) -> Tensor:
        assert not self.training
        self.calls.append((self.seconds, tuple(images.shape), torch.get_num_threads()))
        self.clock.now += self.seconds * (10 if self.num == 0 else 1)
        self.num += 1
        return images


def test_networks_take_turns_and_times_are_seconds() -> None:
    calls: list[tuple[float, tuple[int, ...], int]] = []
    runtime = Clock(device="cpu")
    networks = {
        "fast": (Takes(0.002, runtime, calls), 8),
        "slow": (Takes(0.01, runtime, calls), 12),
    }
    threads = torch.get_num_threads()
    found = measure_many(
        networks,
        in_channels=3,
        runtime=runtime,
        batch_size=2,
        num_repeats=5,
        num_warmup=2,
        threads=1,
    )
    assert torch.get_num_threads() == threads
    assert calls == [(0.002, (2, 3, 8, 8), 1), (0.01, (2, 3, 12, 12), 1)] * 7
    for name, seconds in (("slow", 0.01), ("fast", 0.002)):  # without the warm-up
        latency = found[name]
        assert (latency.low, latency.median, latency.high) == pytest.approx((seconds,) * 3)


def test_one_network_by_the_real_clock() -> None:
    latency = measure(nn.Identity(), resolution=4, in_channels=1, runtime=RUNTIME, num_repeats=3)
    assert 0 < latency.low <= latency.median <= latency.high
    with pytest.raises(ValueError, match="num_repeats: 0"):
        measure(nn.Identity(), resolution=4, in_channels=1, runtime=RUNTIME, num_repeats=0)


def test_runs_take_turns_and_warm_up_is_not_timed() -> None:
    order: list[str] = []
    runs = {name: lambda name=name: order.append(name) for name in "ab"}
    found = rounds(runs, runtime=RUNTIME, num_repeats=3, num_warmup=1)
    assert order == ["a", "b"] * 4
    assert [len(found[name]) for name in "ab"] == [3, 3]
    assert set(take_turns(runs, runtime=RUNTIME, num_repeats=1, num_warmup=0)) == {"a", "b"}


def test_summary_is_the_median_and_the_quartiles() -> None:
    found = summarise([5.0, 1.0, 2.0, 4.0, 3.0])
    assert found == Quartiles(median=3.0, low=2.0, high=4.0)


class Sums(nn.Module):
    """Logits linear in the image's mean; notes the mode it runs in."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(1, 3)
        self.modes: list[tuple[bool, bool]] = []

    def forward(self, images: Tensor) -> Tensor:
        self.modes.append((self.training, torch.is_grad_enabled()))
        logits: Tensor = self.linear(images.mean((1, 2, 3))[:, None])
        return logits


def test_a_training_step_goes_forward_backward_and_updates_the_weights() -> None:
    network = Sums().eval()
    before = network.linear.weight.detach().clone()
    step = training_step(network, torch.rand(4, 1, 2, 2), num_classes=3, runtime=RUNTIME)
    step()
    step()
    assert network.modes == [(True, True)] * 2
    assert not torch.equal(network.linear.weight, before)
    assert torch.allclose(network.linear.weight, before, atol=1e-4)
    assert network.linear.weight.grad is None


def test_a_training_step_needs_two_images() -> None:
    with pytest.raises(ValueError, match="batch_size: 1 is too small for training"):
        training_step(Sums(), torch.rand(1, 1, 2, 2), num_classes=3, runtime=RUNTIME)
