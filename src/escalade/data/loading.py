"""Load a data set by name, from a folder, or by a table of files and labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from escalade.artefacts.image_list import DUPLICATE, SPLITS, UNREADABLE
from escalade.core.numbers.score_words import LabelTask
from escalade.core.values.invalid import Invalid
from escalade.data.cache.cache_room import Say
from escalade.data.fashion_mnist import load_demo, load_fashion_mnist
from escalade.data.folder import load_listed
from escalade.data.image_data import ImageData, KnownSet, assemble
from escalade.data.listing.label_table import is_table
from escalade.data.listing.listed_images import ListedImages
from escalade.data.listing.listing import Listing, list_images
from escalade.data.listing.table_listing import list_table
from escalade.data.named_sets import found, kind_of, known
from escalade.data.splits.duplicates import DuplicatesPolicy, separate
from escalade.data.splits.stratified import divide
from escalade.data.torchvision_sets import load_torchvision


def load(
    name_or_folder: str | Path,
    *,
    cache_dir: Path,
    side: int | None = None,
    in_channels: int | None = None,
    seed: int = 0,
    search_size: int | float | None = None,
    limit: int | None = None,
    max_skipped: float = 0.05,
    duplicates: DuplicatesPolicy = "drop",
    levels: Sequence[float] | None = None,
    root: Path | None = None,
    task: LabelTask | None = None,
    say: Say = lambda text: None,
) -> ImageData:
    """Load, decode and divide a data set.

    A folder holds class folders, or train and val (or test) folders of class folders, however
    they are spelt; then val is the test split. With train, val and test folders, val is the
    search split. One folder alone is split 70/10/20 into train, search and test. Splits are
    stratified. A table (`.csv`, `.jsonl`) names files and their labels, of which an image may have
    several, and their splits where it has that column.

    Args:
        name_or_folder: one of `NAMES` (`named_sets.py`), a folder, or a table; write `./demo` for
            a folder of that name.
        cache_dir: where downloads and decoded images go.
        side: height and width of the stored images. Default: the set's own; a folder has none.
        in_channels: 1 or 3. Default: the set's own; of a folder, 1 if every image is stored as
            grey.
        search_size: images of each class (a whole number) or share of each class (below 1) held
            out of training for the search; with a val folder beside a test folder, how many of
            it are used. Default: 50 of each class but at most a fifth; of one folder, a tenth.
        limit: at most this many images in each split, stratified.
        max_skipped: share of images that may be unreadable; ten always may.
        duplicates: what is done about images that stand in two splits, by content: drop takes
            them out of the later one (of train, search, test), keep leaves them, refuse stops.
        levels: which values of a folder's images of more than eight bits become black and white.
            Default: as the images have them.
        root: the folder of a table's files. Default: the table's.
        task: whether a table's images have one label each (classification) or several
            (multilabel). Default: as its rows have them.
        say: tells people what happens to the cache.

    Raises:
        ValueError: if the data or an argument cannot be used, saying what would.
    """
    _check(side=side, in_channels=in_channels, limit=limit, max_skipped=max_skipped)
    between = None if levels is None else _levels(levels)
    name = known(name_or_folder)
    if name is None:
        place = found(name_or_folder)
        if side is None:
            problem = f"images of the {kind_of(place)} {place} have no common side"
            raise Invalid(problem, path=("side",), remedy="give one")
        return load_listed(
            _listing(place, root=root, task=task, say=say),
            side=side,
            in_channels=in_channels,
            seed=seed,
            search_size=search_size,
            limit=limit,
            max_skipped=max_skipped,
            duplicates=duplicates,
            levels=between,
            cache_dir=cache_dir,
            say=say,
        )
    _check_no_table(root, task)
    images = _load_known(name, side=side, in_channels=in_channels, cache_dir=cache_dir, say=say)
    return _divided(
        name, images, seed=seed, search_size=search_size, limit=limit, duplicates=duplicates
    )


def _check(
    *, side: int | None, in_channels: int | None, limit: int | None, max_skipped: float
) -> None:
    if side is not None and side < 1:
        raise Invalid(f"{side} is not positive", path=("side",))
    if in_channels not in (None, 1, 3):
        raise Invalid(f"{in_channels} is neither 1 (grey) nor 3 (colour)", path=("in_channels",))
    if limit is not None and limit < 1:
        raise Invalid(f"{limit} is not positive", path=("limit",))
    if not 0 <= max_skipped <= 1:
        raise Invalid(f"{max_skipped} is outside [0, 1]", path=("max_skipped",))


def _levels(levels: Sequence[float]) -> tuple[float, float]:
    if len(levels) != 2 or not levels[0] < levels[1]:
        problem = f"{list(levels)} is not two rising numbers"
        raise Invalid(problem, path=("levels",), remedy="such as [0, 4095]")
    return float(levels[0]), float(levels[1])


def _listing(place: Path, *, root: Path | None, task: LabelTask | None, say: Say) -> Listing:
    if is_table(place) and not place.is_dir():
        return list_table(place, root=root, task=task)
    _check_no_table(root, task)
    return list_images(place, say=say)


def _check_no_table(root: Path | None, task: LabelTask | None) -> None:
    """Refuse what only a table can have."""
    if root is not None:
        problem = f"{root} is for the files of a table, and the data is none"
        raise Invalid(problem, path=("root",), remedy="leave it out")
    if task == "multilabel":
        problem = "images of folders and of named sets have one label each"
        raise Invalid(problem, path=("task",), remedy="list files and labels in a table (.csv)")


def _load_known(
    name: str, *, side: int | None, in_channels: int | None, cache_dir: Path, say: Say
) -> KnownSet:
    if name == "demo":
        return load_demo(side=side, in_channels=in_channels)
    if name == "fashion_mnist":
        return load_fashion_mnist(side=side, in_channels=in_channels, cache_dir=cache_dir)
    return load_torchvision(name, side=side, in_channels=in_channels, cache_dir=cache_dir, say=say)


def _divided(
    name: str,
    known: KnownSet,
    *,
    seed: int,
    search_size: int | float | None,
    limit: int | None,
    duplicates: DuplicatesPolicy,
) -> ImageData:
    labels, origin = known.store.labels, known.origin.copy()
    names = [f"{name}[{row}]" for row in range(len(labels))]
    origin[list(known.skipped)] = -1  # in no split
    parts = divide(
        labels, origin, classes=known.classes, seed=seed, search_size=search_size, limit=limit
    )
    apart, doubled = separate(parts, known.store.digests, policy=duplicates, name=names.__getitem__)
    before, after = (np.concatenate([getattr(p, n) for n in SPLITS]) for p in (parts, apart))
    return assemble(
        known.store,
        apart,
        name=name,
        classes=known.classes,
        flip=known.flip,
        skipped=tuple((names[row], why) for row, why in known.skipped.items()),
        duplicates=doubled,
        listed=ListedImages(
            names=names,
            labels=labels,
            digests=known.store.digests,
            splits={name: getattr(apart, name) for name in SPLITS}
            | {
                UNREADABLE: np.array(sorted(known.skipped), np.int64),
                DUPLICATE: np.setdiff1d(before, after),
            },
        ),
    )
