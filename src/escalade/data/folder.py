"""A folder of images as a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from escalade.artefacts.image_list import SPLITS, UNREADABLE, UNUSED
from escalade.core.values.invalid import Invalid
from escalade.data.cache import Source, decoded
from escalade.data.cache_room import Say
from escalade.data.decoded_set import Decoded
from escalade.data.decoding import is_grey
from escalade.data.file_digests import check_unchanged, content_key, file_digests
from escalade.data.image_data import ImageData, Store, assemble
from escalade.data.listed_images import ListedImages
from escalade.data.listing import Listing, list_images
from escalade.data.stratified import Parts, Rows, divide

TOLERATED = 10  # so many unreadable images never stop a run


def load_folder(
    root: Path,
    *,
    side: int,
    in_channels: int | None,
    seed: int,
    search_size: int | float | None,
    limit: int | None,
    max_skipped: float,
    cache_dir: Path,
    say: Say,
) -> ImageData:
    """List, divide and decode a folder; see `escalade.data.load`.

    The files are divided before they are decoded, so that an unreadable image moves no other
    image to another split, and `limit` saves the work for the rest.
    """
    listing = list_images(root, say=say)
    parts = divide(
        listing.labels,
        listing.origin,
        classes=listing.classes,
        seed=seed,
        search_size=search_size,
        limit=limit,
    )
    used = np.sort(np.concatenate([parts.train, parts.search, parts.test]))
    if in_channels is None:
        in_channels = _num_channels(listing, used)
    paths = [root / listing.paths[row] for row in used.tolist()]
    contents, stamps = file_digests(paths, root=root, cache_dir=cache_dir)
    result = decoded(
        content_key(contents, listing.labels[used]),
        lambda: _source(listing, used, confirm=lambda: check_unchanged(paths, stamps)),
        name=root.resolve().name,
        cache_dir=cache_dir,
        side=side,
        in_channels=in_channels,
        say=say,
    )
    skipped = {row: (listing.paths[used[row]], why) for row, why in result.skipped.items()}
    _check_skipped(skipped, len(used), root, max_skipped)
    divided, parts = parts, _compact(parts, used, skipped)
    _check_left(parts, result.store, listing.classes)
    return assemble(
        result.store,
        parts,
        name=root.resolve().name,
        classes=listing.classes,
        flip=True,
        skipped=tuple(skipped.values()),
        listed=_listed(listing, divided, used, result),
    )


def _listed(listing: Listing, divided: Parts, used: Rows, result: Decoded) -> ListedImages:
    """All files by name, also those that are in no split."""
    digests = np.zeros((len(listing.paths), result.store.digests.shape[1]), np.uint8)
    digests[used] = result.store.digests
    bad = used[sorted(result.skipped)]
    splits = {name: getattr(divided, name) for name in SPLITS}
    return ListedImages(
        names=listing.paths,
        labels=listing.labels,
        digests=digests,
        splits={
            **{name: rows[~np.isin(rows, bad)] for name, rows in splits.items()},
            UNREADABLE: bad,
            UNUSED: np.setdiff1d(np.arange(len(listing.paths)), used),
        },
    )


def _source(listing: Listing, used: Rows, confirm: Callable[[], None]) -> Source:
    def read(row: int) -> tuple[Image.Image, int]:
        at = int(used[row])
        return Image.open(listing.root / listing.paths[at]), int(listing.labels[at])

    return Source(
        num=len(used), read=read, label=lambda row: listing.paths[int(used[row])], confirm=confirm
    )


def _num_channels(listing: Listing, used: Rows) -> int:
    """1 if every image that opens is stored as grey; reads headers up to the first colour."""
    for row in used.tolist():
        try:
            with Image.open(listing.root / listing.paths[row]) as image:
                if not is_grey(image):
                    return 3
        except (OSError, ValueError, SyntaxError):
            continue  # decoding reports it
    return 1


def _check_skipped(
    skipped: Mapping[int, tuple[str, str]], num: int, root: Path, max_skipped: float
) -> None:
    if len(skipped) > max(TOLERATED, max_skipped * num):
        path, reason = next(iter(skipped.values()))
        raise Invalid(
            f"{len(skipped)} of {num} images in {root} cannot be read, more than "
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


def _check_left(parts: Parts, store: Store, classes: tuple[str, ...]) -> None:
    """Unreadable images must not take a class out of training, nor all of another split."""
    counts = Counter(store.labels[parts.train].tolist())
    for label, name in enumerate(classes):
        if not counts[label]:
            raise ValueError(
                f"the class '{name}' has no readable training image; repair or add some"
            )
    for part in ("search", "test"):
        if not len(getattr(parts, part)):
            raise ValueError(f"no readable image is left in the {part} split; repair or add some")
