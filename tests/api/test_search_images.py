"""The images that a search scores on."""

from __future__ import annotations

import pytest
import torch

from escalade.api.search import selection_data
from escalade.config import resolve
from escalade.data.image_data import ImageData
from escalade.data.split import Split


def split(num: int) -> Split:
    return Split(torch.zeros(num, 1, 8, 8, dtype=torch.uint8), torch.arange(num))


@pytest.fixture
def data() -> ImageData:
    return ImageData(
        name="noise", classes=("a", "b", "c"), in_channels=1, side=8, train=split(12),
        search=split(5), test=split(3), mean=(0.5,), std=(0.25,), flip=False, train_digest="train",
        search_digest="search", test_digest="test",
    )  # fmt: skip


def test_the_search_split_or_the_last_training_images(data):
    assert selection_data(resolve(), data) is data
    scored = selection_data(resolve({"search": {"images": "train"}}), data)
    assert scored.search.labels.tolist() == [7, 8, 9, 10, 11]
    assert scored.train is data.train


def test_stored_scores_of_the_search_split_are_not_taken_for_training_images(data):
    """The store tells images apart by their digest alone."""
    scored = selection_data(resolve({"search": {"images": "train"}}), data)
    assert scored.search_digest != data.search_digest
