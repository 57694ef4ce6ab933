from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from escalade.data.splits.split import Split
from escalade.evaluate.score import Score, accuracy, score_by_class
from escalade.train.runtime import Runtime
from made_data import grey_data
from noise_runs import noise


class Brightness(nn.Module):
    """Class 0 for images darker than the mean, class 1 for brighter ones."""

    def forward(self, images: Tensor) -> Tensor:
        brightness = images.mean((1, 2, 3))
        return torch.stack([-brightness, brightness], dim=1)


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_counts_what_is_right(batch_size: int) -> None:
    images = torch.zeros(7, 1, 4, 4, dtype=torch.uint8)
    images[:3] = 255
    labels = torch.tensor([1, 1, 0, 0, 0, 1, 0])  # two of them wrong
    split = Split(images, labels)
    data = grey_data(split, split, split, classes=("dark", "bright"), std=0.5)
    runtime = Runtime(device="cpu")
    score = accuracy(Brightness(), data, resolution=6, runtime=runtime, batch_size=batch_size)
    assert score == Score(num_correct=5, num_images=7)
    assert score.accuracy == 5 / 7
    assert score.standard_error == pytest.approx((5 / 7 * 2 / 7 / 7) ** 0.5)
    low, high = score.interval
    assert low < 5 / 7 < high
    assert score.in_words() == f"71.4 % ({100 * low:.1f} to {100 * high:.1f}) on 7 images"


def test_classes_are_counted_apart() -> None:
    """Test images alone are looked at; two of the four bright ones are called dark."""
    images = torch.zeros(9, 1, 28, 28, dtype=torch.uint8)
    images[:4] = 255
    images[9 - 1] = 250
    labels = torch.tensor([1, 1, 0, 0, 0, 0, 1, 0, 0])
    data = replace(noise(), classes=("dark", "bright", "none"), test=Split(images, labels))
    found = score_by_class(Brightness3(), data, resolution=14, runtime=Runtime(device="cpu"))
    assert found.counts.images == (6, 3, 0)
    assert found.correct == (3, 2, 0)
    assert found.total == Score(num_correct=5, num_images=9)
    assert found.balanced == pytest.approx((3 / 6 + 2 / 3) / 2)


class Brightness3(Brightness):
    """The same with a third class that is never named."""

    def forward(self, images: Tensor) -> Tensor:
        return torch.nn.functional.pad(super().forward(images), (0, 1), value=-9.0)
