"""Images that no part of the demo has seen."""

from __future__ import annotations

import numpy as np
import torch

from common.images import leading
from escalade.data import ImageData, load
from escalade.data.cache import default_cache
from escalade.data.split import Split, row_digests

NUM_JUDGE = 20_000


def judge_images(demo: ImageData, *, num: int = NUM_JUDGE) -> Split | None:
    """Training images of the full Fashion-MNIST that are not in the embedded subset.

    The demo's own search split is what the searches maximise, so it flatters them; its test split
    is not for studies. None, and no accuracies, where the full set cannot be had.
    """
    try:
        full = load("fashion_mnist", cache_dir=default_cache()).train
    except ValueError as error:
        print(f"no accuracies: {error}")
        return None
    used = {row.tobytes() for split in (demo.train, demo.search) for row in _digests(split)}
    fresh = np.array([row.tobytes() not in used for row in _digests(full)])
    return leading(full.subset(torch.from_numpy(np.flatnonzero(fresh))), num)


def _digests(split: Split) -> np.ndarray:
    return row_digests(split.images)
