"""One decoded set of the cache: its files, written whole or not at all, checked when read.

`images.bin` are the pixels, `rows.bin` the label and the digest of each image, and `meta.json`
tells of both and seals them.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from escalade.data.cache.cache_room import META
from escalade.data.cache.pixel_check import DamagedSet, check_pixels
from escalade.data.image_data import Store
from escalade.data.splits.split import ImageRows

IMAGES, ROWS = "images.bin", "rows.bin"
_ROW = np.dtype([("label", "<i8"), ("digest", "u1", 16)])


InFiles = Callable[[Mapping[str, Any], NDArray[np.uint8]], ImageRows]


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """What the cache holds of a source; rows of unreadable images are zero.

    Attributes:
        skipped: the reason, by row.
        facts: what was written with it, such as the source's `notes`.
    """

    store: Store
    skipped: Mapping[int, str]
    facts: Mapping[str, Any]


def put_in_place(partial: Path, folder: Path) -> None:
    """Have a set, which is whole, take its place; it is on the disk before it has its name.

    Where another process was quicker, its set stays.
    """
    for path in (*filter(Path.is_file, partial.iterdir()), partial):
        _sync(path)
    if folder.exists():
        shutil.rmtree(partial, ignore_errors=True)
    else:
        partial.rename(folder)
    _sync(folder.parent)


def write_rows(
    folder: Path,
    *,
    labels: NDArray[np.int64],
    digests: NDArray[np.uint8],
    skipped: Mapping[int, str],
    facts: Mapping[str, Any],
) -> None:
    """Write what belongs to the pixels, which are there.

    Args:
        skipped: rows of unreadable images, each with the reason.
        facts: what else is known of the set; `read` wants its `side` and `in_channels`.
    """
    rows = np.empty(len(labels), _ROW)
    rows["label"], rows["digest"] = labels, digests
    (folder / ROWS).write_bytes(rows.tobytes())
    bad = [[row, skipped[row]] for row in sorted(skipped)]
    meta = {**facts, "num": len(rows), "skipped": bad}
    text = json.dumps(meta | {"seal": _seal(meta, rows)}, indent=1)
    (folder / META).write_text(text, encoding="utf-8", newline="\n")


def read(
    folder: Path, *, side: int, in_channels: int, in_files: InFiles | None = None
) -> Decoded | None:
    """A set, its images compared with their digests (`pixel_check.py`); None where there is none.

    Args:
        in_files: of a set without pixels gives the images, by its facts and digests.

    Raises:
        DamagedSet: saying what is wrong with it.
        OSError: if it may not be read.
    """
    if not folder.is_dir():
        return None
    try:
        meta, rows = _sealed(folder)
        shape = (len(rows), in_channels, side, side)
        if [meta["side"], meta["in_channels"]] != [side, in_channels]:
            raise DamagedSet(f"{META} is of another set")
        images: Tensor | ImageRows
        digests = np.ascontiguousarray(rows["digest"])
        if in_files is None:
            check_pixels(
                folder / IMAGES,
                digests,
                num_bytes=in_channels * side * side,
                seal=_seal(meta, rows),
            )
            # Copy-on-write, as torch has no read-only tensors; nothing is ever written to it.
            images = torch.from_numpy(np.memmap(folder / IMAGES, np.uint8, mode="c", shape=shape))
        else:
            images = in_files(meta, digests)
    except FileNotFoundError as error:
        raise DamagedSet(f"{Path(str(error.filename)).name} is missing") from error
    with suppress(OSError):  # when it was used last, for eviction
        os.utime(folder / META)
    store = Store(
        images=images,
        labels=rows["label"].astype(np.int64),
        digests=digests,
    )
    return Decoded(store=store, skipped=dict(meta["skipped"]), facts=meta)


def _sealed(folder: Path) -> tuple[dict[str, Any], NDArray[Any]]:
    text, content = (folder / META).read_bytes(), (folder / ROWS).read_bytes()
    try:
        meta = json.loads(text)
        seal, rows = meta.pop("seal"), np.frombuffer(content, _ROW)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DamagedSet(f"{META} or {ROWS} is torn") from error
    if seal != _seal(meta, rows):
        raise DamagedSet(f"{META} and {ROWS} do not belong together")
    return meta, rows


def _seal(meta: Mapping[str, Any], rows: NDArray[Any]) -> str:
    hasher = hashlib.sha256(json.dumps(meta, sort_keys=True).encode())
    hasher.update(rows.tobytes())
    return hasher.hexdigest()


def _sync(path: Path) -> None:
    on_windows = os.name == "nt"  # which syncs no folders, and files only for who may write
    if on_windows and path.is_dir():
        return
    number = os.open(path, os.O_RDWR if on_windows else os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
