from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from escalade.data.split import Split
from escalade.evaluate.score import Score, accuracy
from escalade.train.runtime import Runtime


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
    score = accuracy(
        Brightness(),
        Split(images, labels),
        resolution=6,
        mean=(0.5,),
        std=(0.5,),
        runtime=Runtime(device="cpu"),
        batch_size=batch_size,
    )
    assert score == Score(num_correct=5, num_images=7)
    assert score.accuracy == 5 / 7
    assert score.standard_error == pytest.approx((5 / 7 * 2 / 7 / 7) ** 0.5)
