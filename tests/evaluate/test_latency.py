from __future__ import annotations

import time

import pytest
import torch
from torch import Tensor, nn

from escalade.evaluate.latency import measure, measure_many
from escalade.train.runtime import Runtime

RUNTIME = Runtime(device="cpu")


class Sleep(nn.Module):
    """Takes a known time, and notes what it was given."""

    def __init__(self, seconds: float, calls: list[tuple[float, tuple[int, ...], int]]) -> None:
        super().__init__()
        self.seconds = seconds
        self.calls = calls

    def forward(self, images: Tensor) -> Tensor:
        assert not self.training
        self.calls.append((self.seconds, tuple(images.shape), torch.get_num_threads()))
        time.sleep(self.seconds)
        return images


def test_networks_take_turns_and_times_are_seconds() -> None:
    calls: list[tuple[float, tuple[int, ...], int]] = []
    networks = {"fast": (Sleep(0.002, calls), 8), "slow": (Sleep(0.01, calls), 12)}
    threads = torch.get_num_threads()
    found = measure_many(
        networks,
        in_channels=3,
        runtime=RUNTIME,
        batch_size=2,
        num_repeats=5,
        num_warmup=2,
        threads=1,
    )
    assert torch.get_num_threads() == threads
    assert calls == [(0.002, (2, 3, 8, 8), 1), (0.01, (2, 3, 12, 12), 1)] * 7
    assert 0.01 <= found["slow"].low <= found["slow"].median <= found["slow"].high < 0.5
    assert 0.002 <= found["fast"].median < found["slow"].median


def test_one_network() -> None:
    latency = measure(nn.Identity(), resolution=4, in_channels=1, runtime=RUNTIME, num_repeats=3)
    assert 0 < latency.median < 0.1
    with pytest.raises(ValueError, match="num_repeats: 0"):
        measure(nn.Identity(), resolution=4, in_channels=1, runtime=RUNTIME, num_repeats=0)
