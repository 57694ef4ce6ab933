"""Stratified splits of labelled rows: pure, and deterministic in the seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from escalade.core.numbers.seeds import generator
from escalade.core.values.invalid import Invalid

TRAIN, SEARCH, TEST = 0, 1, 2
TEST_FRACTION = 0.2
SEARCH_FRACTION = 0.125  # of what the test set leaves: a tenth of the whole
SEARCH_PER_CLASS = 50
SEARCH_SHARE = 0.2  # at most this share of a class's training images

Rows = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Row numbers of the three splits, each in random order."""

    train: Rows
    search: Rows
    test: Rows


def divide(
    labels: Rows,
    origin: NDArray[np.int8],
    *,
    classes: Sequence[str],
    seed: int,
    search_size: int | float | None,
    limit: int | None,
) -> Parts:
    """Divide rows into train, search and test, class by class.

    Rows that come as test (or search) stay so. Without any, a fifth of each class becomes test;
    then the search split is held out of what is left for training.

    Args:
        labels: class of each row.
        origin: TRAIN, SEARCH or TEST of each row.
        classes: names, for error messages.
        seed: decides who is held out and the order of each split.
        search_size: images per class (int) or share of each class's training images (float).
        limit: at most this many rows in each split, stratified.

    Raises:
        ValueError: if a class is too small to split, or a size is out of range.
    """
    free, search, test = (np.flatnonzero(origin == part) for part in (TRAIN, SEARCH, TEST))
    whole = not len(test)
    _check_counts(labels[free], classes, needed=3 if whole else 1 if len(search) else 2)
    if whole:
        rng = generator(seed, "split", "test")
        free, test = _hold_out(free, labels, _share(TEST_FRACTION), rng)
    size = _search_size(search_size, whole)
    rng = generator(seed, "split", "search")
    if not len(search):
        _check_search_size(labels[free], classes, size)
        free, search = _hold_out(free, labels, size, rng)
    elif search_size is not None:
        _, search = _hold_out(search, labels, size, rng)

    def ordered(rows: Rows, name: str, seed: int) -> Rows:
        return _order(rows, labels, limit, len(classes), generator(seed, "split", "order", name))

    # Given test images are the same, in the same order, whatever the seed.
    return Parts(
        train=ordered(free, "train", seed),
        search=ordered(search, "search", seed),
        test=ordered(test, "test", 0),
    )


def _hold_out(
    rows: Rows, labels: Rows, size: Callable[[int], int], rng: np.random.Generator
) -> tuple[Rows, Rows]:
    kept, held = [], []
    for label in np.unique(labels[rows]):
        members = rng.permutation(rows[labels[rows] == label])
        num = size(len(members))
        held.append(members[:num])
        kept.append(members[num:])
    return np.sort(np.concatenate(kept)), np.sort(np.concatenate(held))


def _order(
    rows: Rows, labels: Rows, limit: int | None, num_classes: int, rng: np.random.Generator
) -> Rows:
    """Shuffle, so that any leading run is a fair sample, and cap class by class."""
    rows = rng.permutation(rows)
    if limit is None or len(rows) <= limit:
        return rows
    if limit < num_classes:
        problem = f"{limit} is below the {num_classes} classes"
        raise Invalid(problem, path=("limit",), remedy=f"use {num_classes}")
    place = np.empty(len(rows))  # within its class, 0 to 1
    for label in np.unique(labels[rows]):
        at = np.flatnonzero(labels[rows] == label)
        place[at] = np.arange(len(at)) / len(at)
    return rows[np.sort(np.argsort(place, kind="stable")[:limit])]


def _search_size(search_size: int | float | None, whole: bool) -> Callable[[int], int]:
    if search_size is None:
        if whole:
            return _share(SEARCH_FRACTION)
        return lambda num: max(1, min(SEARCH_PER_CLASS, int(num * SEARCH_SHARE)))
    if isinstance(search_size, float):
        if not 0 < search_size < 1:
            raise Invalid(
                f"{search_size} is outside (0, 1)",
                path=("search_size",),
                remedy="give a share of each class, or a whole number of images per class",
            )
        return _share(search_size)
    if search_size < 1:
        raise Invalid(f"{search_size} is not positive", path=("search_size",))
    return lambda num: search_size


def _share(share: float) -> Callable[[int], int]:
    return lambda num: max(1, round(num * share))


def _check_counts(labels: Rows, classes: Sequence[str], *, needed: int) -> None:
    counts = np.bincount(labels, minlength=len(classes))
    small = [f"'{classes[i]}' ({counts[i]})" for i in np.flatnonzero(counts < needed).tolist()]
    if small:
        others = " and others" if len(small) > 5 else ""
        apart = ", or 2 where test images are apart (a test folder, a column split)"
        raise Invalid(
            f"too few images to split: {', '.join(small[:5])}{others}; a class needs {needed}"
            f"{apart if needed > 2 else ''}",
            remedy="\nadd images, put the class together with another, or leave it out",
        )


def _check_search_size(labels: Rows, classes: Sequence[str], size: Callable[[int], int]) -> None:
    counts = np.bincount(labels, minlength=len(classes))
    smallest = int(counts.argmin())
    num = int(counts[smallest])
    if size(num) >= num:
        raise Invalid(
            f"{size(num)} images of each class leave none of the {num} of "
            f"'{classes[smallest]}' for training",
            path=("search_size",),
            remedy=f"use at most {num - 1}",
        )
