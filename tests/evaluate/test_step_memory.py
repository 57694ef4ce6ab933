"""Memory of a batch: by hand, and against torch's own tracker of real tensors."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from escalade.evaluate.step_memory import batch_bytes, largest_batch_size


def test_inference_of_one_convolution_by_hand() -> None:
    weights, images, output = 4 * (3 * 8 + 8), 4 * 2 * 3 * 4 * 4, 4 * 2 * 8 * 4 * 4
    found = batch_bytes(nn.Conv2d(3, 8, 1), batch_size=2, in_channels=3, resolution=4, train=False)
    assert found == weights + images + output


def test_inference_keeps_only_what_lives() -> None:
    """Of four equal layers two outputs live at a time."""
    network = nn.Sequential(*[nn.Conv2d(3, 3, 1, bias=False) for _ in range(4)])
    found = batch_bytes(network, batch_size=1, in_channels=3, resolution=10, train=False)
    assert found == 4 * (4 * 9 + 300 + 2 * 300)


@pytest.mark.filterwarnings("ignore")
def test_a_training_step_is_what_torch_tracks_on_real_tensors() -> None:
    tracker = pytest.importorskip("torch.distributed._tools.mem_tracker")
    network = nn.Sequential(
        nn.Conv2d(3, 16, 3, stride=2, bias=False),
        nn.BatchNorm2d(16),
        nn.Hardswish(),
        nn.Conv2d(16, 32, 3, groups=4),
        nn.SiLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 5),
    ).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    found = batch_bytes(network, batch_size=8, in_channels=3, resolution=32, train=True)
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())

    images = torch.rand(8, 3, 32, 32).to(memory_format=torch.channels_last)
    labels = torch.zeros(8, dtype=torch.int64)
    tracked = tracker.MemTracker()
    tracked.track_external(network)
    with tracked:
        nn.functional.cross_entropy(network(images), labels).backward()
    peak = tracked.get_tracker_snapshot("peak")[torch.device("cpu")]["Total"]
    momentum = sum(4 * p.numel() for p in network.parameters())
    assert found == pytest.approx(peak + momentum + 4 * images.numel(), rel=0.01)


def test_the_largest_power_of_two_in_half_of_the_memory() -> None:
    network = nn.Conv2d(3, 8, 1)
    eight = batch_bytes(network, batch_size=8, in_channels=3, resolution=16, train=False)

    def size(free: int, largest: int = 1024) -> int:
        return largest_batch_size(
            network, in_channels=3, resolution=16, train=False, free_bytes=free, largest=largest
        )

    assert size(2 * eight) == 8
    assert size(2 * eight - 2) == 4
    assert size(10**12) == 1024
    assert size(10**12, largest=100) == 64
    with pytest.raises(ValueError, match="batch_size: 1 at 16 pixels need"):
        size(2000)
