"""The fixed split: train, search and judge, all from the 60,000 training images."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import torch

from common.lab import ImageData, Split, channel_statistics, default_cache, load_data

SEED = 2017
NUM_TRAIN, NUM_SEARCH, NUM_JUDGE = 30_000, 10_000, 20_000


def load_images(*, limit: int | None = None) -> tuple[ImageData, Split]:
    """Train and search images, and the judge images apart from them.

    The returned data's test split is empty: the test set is not used, and no stage that is handed
    the data can look at the judge images.
    """
    whole = load_data(
        "fashion_mnist", cache_dir=default_cache(), seed=SEED, search_size=NUM_SEARCH // 10
    )
    data = divided(whole, num_train=NUM_TRAIN, num_judge=NUM_JUDGE)
    judge = data.test
    if limit is not None:
        judge = leading(judge, limit)
        data = replace(data, train=leading(data.train, limit), search=leading(data.search, limit))
    return replace(data, test=leading(judge, 0)), judge


def divided(data: ImageData, *, num_train: int, num_judge: int) -> ImageData:
    """Training images divided into fewer training images and, as the test split, judge images.

    Splits are in random order, so leading runs are fair samples. The mean and deviation are taken
    anew from what is left to train on.
    """
    whole = data.train
    if len(whole) < num_train + num_judge:
        raise ValueError(f"{len(whole)} images cannot give {num_train} and {num_judge}")
    train = leading(whole, num_train)
    mean, std = channel_statistics(train)
    return replace(
        data,
        train=train,
        test=whole.subset(torch.arange(num_train, num_train + num_judge)),
        mean=mean,
        std=std,
        train_digest=_digest(data.train_digest, num_train),
        test_digest=_digest(data.train_digest, num_judge),
    )


def scored_on(data: ImageData, images: Split, digest: str) -> ImageData:
    """The data whose scores are taken on leading images of the split with this digest."""
    return replace(data, search=images, search_digest=_digest(digest, len(images)))


def leading(split: Split, num: int) -> Split:
    return split.subset(torch.arange(min(num, len(split))))


def _digest(whole: str, num: int) -> str:
    return hashlib.sha256(f"{whole} {num}".encode()).hexdigest()
