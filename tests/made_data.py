"""Data sets and spaces so small that everything takes milliseconds."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from escalade.data.image_data import ImageData
from escalade.data.splits.split import Split

# Two stages, two sizes of everything, and strategies.
TINY_SPACE = {
    "format": 1,
    "name": "tiny",
    "in_channels": 1,
    "num_classes": 3,
    "resolutions": [8, 10],
    "stem": {"widths": [8]},
    "stages": [
        {"depth": [1, 2], "widths": [8], "expansions": [2], "kernels": [3, 5]},
        {"depth": [1, 2], "widths": [8, 16], "expansions": [2], "kernels": [3], "stride": 2},
    ],
    "head": {"width": 16},
    "scaling": [
        {"depth": [1], "width": [1], "resolution": [1]},
        {"depth": [1.5], "width": [1, 2], "resolution": [1.2]},
    ],
}


def grey_data(
    train: Split,
    search: Split,
    test: Split,
    *,
    name: str = "noise",
    classes: Sequence[str] = ("a", "b", "c"),
    mean: float = 0.5,
    std: float = 0.25,
    flip: bool = False,
) -> ImageData:
    """Three splits of one channel as a data set, whose digests are words."""
    return ImageData(
        name=name, classes=tuple(classes), in_channels=1, side=train.shape[-1], train=train,
        search=search, test=test, mean=(mean,), std=(std,), flip=flip, train_digest="train",
        search_digest="search", test_digest="test",
    )  # fmt: skip


def noise_split(num: int, *, side: int, seed: int) -> Split:
    """Noise, and labels that have nothing to do with it."""
    rng = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (num, 1, side, side), generator=rng, dtype=torch.uint8)
    return Split(images, torch.randint(0, 3, (num,), generator=rng))
