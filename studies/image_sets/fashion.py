"""A small folder of Fashion-MNIST's training images, and others of them to judge by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from common.lab import DEBIAN, read_idx

PACKAGES = "dataset-fashion-mnist"
TRAIN, JUDGE = 5_000, 20_000
FILES = ("images-idx3", "labels-idx1")


def divided(root: Path = DEBIAN) -> Iterator[tuple[str, str, int, Image.Image]]:
    """("train" or "test", class, number, image): 5,000 and 20,000, none twice."""
    images, labels = (read_idx(root / f"train-{name}-ubyte.gz") for name in FILES)
    order = np.random.default_rng(0).permutation(len(images))
    for side, numbers in (("train", order[:TRAIN]), ("test", order[-JUDGE:])):
        for number in numbers:
            yield side, str(labels[number]), int(number), Image.fromarray(images[number])
