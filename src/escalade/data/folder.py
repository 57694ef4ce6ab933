"""A folder of images, or files that a table names, as a data set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from escalade.artefacts.image_list import DUPLICATE, SPLITS, UNREADABLE, UNUSED
from escalade.core.values.codec import decode, encode
from escalade.core.values.invalid import Invalid
from escalade.data.cache.cache import decoded
from escalade.data.cache.cache_room import Say
from escalade.data.cache.decoded_set import Decoded
from escalade.data.cache.file_digests import check_unchanged, content_key, file_digests
from escalade.data.decoding.decoding import is_grey
from escalade.data.decoding.levels import Depth, find_depth
from escalade.data.decoding.opening import open_image, quiet
from escalade.data.decoding.source import Source
from escalade.data.image_data import ImageData, Store, assemble
from escalade.data.listing.label_sets import images_per_class
from escalade.data.listing.listed_images import ListedImages
from escalade.data.listing.listing import Listing
from escalade.data.splits.duplicates import DuplicatesPolicy, separate
from escalade.data.splits.stratified import Parts, Rows, divide

TOLERATED = 10  # so many unreadable images never stop a run


def load_listed(
    listing: Listing,
    *,
    side: int,
    in_channels: int | None,
    seed: int,
    search_size: int | float | None,
    limit: int | None,
    max_skipped: float,
    duplicates: DuplicatesPolicy,
    levels: tuple[float, float] | None,
    cache_dir: Path,
    say: Say,
) -> ImageData:
    """Divide and decode what a folder or a table lists; see `escalade.data.load`.

    The files are divided before they are decoded, so that an unreadable image moves no other
    image to another split, and `limit` saves the work for the rest.
    """
    kinds, names = listing.strata
    parts = divide(
        kinds,
        listing.origin,
        classes=names,
        seed=seed,
        search_size=search_size,
        limit=limit,
    )
    used = np.sort(np.concatenate([parts.train, parts.search, parts.test]))
    if in_channels is None:
        with quiet():
            in_channels = _num_channels(listing, used)
    shown = "" if levels is None else "-{:g}-{:g}".format(*levels)
    paths = [listing.root / listing.paths[row] for row in used.tolist()]
    contents, stamps = file_digests(paths, root=listing.root, cache_dir=cache_dir)

    def confirm(rows: range) -> None:
        check_unchanged(paths[rows.start : rows.stop], stamps[rows.start : rows.stop])

    result = decoded(
        f"{content_key(contents, listing.labels[used])}{shown}",
        lambda: _source(listing, used, levels, confirm=confirm),
        name=listing.name,
        cache_dir=cache_dir,
        side=side,
        in_channels=in_channels,
        say=say,
    )
    skipped = {row: (listing.paths[used[row]], why) for row, why in result.skipped.items()}
    _check_skipped(skipped, len(used), listing.root, max_skipped)
    parts = _compact(parts, used, skipped)
    _check_left(parts, result.store, listing, why="that can be used")
    apart, doubled = separate(
        parts,
        result.store.digests,
        policy=duplicates,
        name=lambda row: listing.paths[int(used[row])],
    )
    _check_left(apart, result.store, listing, why="that is not in another split, too")
    double = np.setdiff1d(_rows(parts), _rows(apart))
    return assemble(
        result.store,
        apart,
        name=listing.name,
        classes=listing.classes,
        label_sets=listing.label_sets,
        flip=True,
        skipped=tuple(skipped.values()),
        depth=decode(Depth, result.facts["notes"]["depth"]),
        duplicates=doubled,
        remarks=listing.remarks,
        listed=_listed(listing, apart, used, result, double=double),
    )


def _rows(parts: Parts) -> Rows:
    return np.concatenate([getattr(parts, name) for name in SPLITS])


def _listed(
    listing: Listing, parts: Parts, used: Rows, result: Decoded, *, double: Rows
) -> ListedImages:
    """All files by name, also those that are in no split."""
    digests = np.zeros((len(listing.paths), result.store.digests.shape[1]), np.uint8)
    digests[used] = result.store.digests
    bad = used[sorted(result.skipped)]
    splits = {name: used[getattr(parts, name)] for name in SPLITS}
    splits |= {UNREADABLE: bad, DUPLICATE: used[double]}
    known = np.concatenate([*splits.values()])
    unused = np.setdiff1d(np.arange(len(listing.paths)), known)
    return ListedImages(
        names=listing.paths,
        labels=listing.labels,
        label_sets=listing.label_sets,
        digests=digests,
        splits={**splits, UNUSED: unused},
    )


def _source(
    listing: Listing,
    used: Rows,
    levels: tuple[float, float] | None,
    *,
    confirm: Callable[[range], None],
) -> Source:
    def read(row: int) -> tuple[Image.Image, int]:
        at = int(used[row])
        return open_image(listing.root / listing.paths[at]), int(listing.labels[at])

    def look() -> dict[str, Any]:
        with quiet():
            depth = find_depth(range(len(used)), lambda row: read(row)[0], given=levels)
        return {"depth": encode(depth)}

    return Source(
        num=len(used),
        read=read,
        label=lambda row: listing.paths[int(used[row])],
        check=_check_not_blank,
        look=look,
        levels=lambda notes: decode(Depth, notes["depth"]).levels,
        confirm=confirm,
    )


def _check_not_blank(image: NDArray[np.uint8]) -> None:
    """Nothing can be learned from an image of one colour: likely it was meant to be another."""
    if (image == image[:, :1, :1]).all():
        raise ValueError("all its pixels are alike")


def _num_channels(listing: Listing, used: Rows) -> int:
    """1 if every image that opens is stored as grey; reads headers up to the first colour."""
    for row in used.tolist():
        try:
            with open_image(listing.root / listing.paths[row]) as image:
                if not is_grey(image):
                    return 3
        except Exception:  # Pillow raises nearly anything; decoding reports it
            continue
    return 1


def _check_skipped(
    skipped: Mapping[int, tuple[str, str]], num: int, root: Path, max_skipped: float
) -> None:
    if len(skipped) > max(TOLERATED, max_skipped * num):
        path, reason = next(iter(skipped.values()))
        raise Invalid(
            f"{len(skipped)} of {num} images in {root} cannot be used, more than "
            f"{max_skipped:g} of them; the first is {path}: {reason}",
            path=("max_skipped",),
            remedy="\nrepair or remove them, or raise it",
        )


def _compact(parts: Parts, used: Rows, skipped: Mapping[int, object]) -> Parts:
    """File numbers to rows of the cache, without the unreadable ones."""
    bad = np.fromiter(skipped, np.int64, len(skipped))

    def rows(files: Rows) -> Rows:
        found = np.searchsorted(used, files).astype(np.int64)
        return found[~np.isin(found, bad)]

    return replace(parts, train=rows(parts.train), search=rows(parts.search), test=rows(parts.test))


def _check_left(parts: Parts, store: Store, listing: Listing, *, why: str) -> None:
    """What is left out must not take a class out of any split."""
    classes, sets = listing.classes, listing.label_sets
    for part in ("train", "search", "test"):
        labels = torch.from_numpy(store.labels[getattr(parts, part)])
        counts = images_per_class(labels, num_classes=len(classes), sets=sets).tolist()
        for name, num in zip(classes, counts, strict=True):
            if not num:
                what = {"train": "training"}.get(part, part)
                problem = f"the class '{name}' has no {what} image {why}"
                raise Invalid(problem, remedy="repair or add some")
