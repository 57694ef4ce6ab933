"""The decoded cache: every image of a source as one memory-mapped array of bytes on disk.

A source is decoded once, into a folder of its own that is renamed into place when complete; a
killed decode leaves only a folder that the next one replaces.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import warnings
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from escalade.data.decoding import to_square
from escalade.data.image_data import Store
from escalade.data.split import row_digest

FORMAT = 1  # raise it when decoding changes
_CHUNK = 256
_MAX_THREADS = 16


def default_cache() -> Path:
    """Where decoded images and downloads are kept: $ESCALADE_CACHE or the user's cache."""
    given = os.environ.get("ESCALADE_CACHE")
    return Path(given) if given else Path.home() / ".cache" / "escalade"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Images that can be opened by number.

    Attributes:
        read: gives an image (which this module closes) and its label.
        label: what to call an image in a message.
        notes: JSON values kept beside the decoded images.
    """

    num: int
    read: Callable[[int], tuple[Image.Image, int]]
    label: Callable[[int], str]
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """What the cache holds of a source; rows of unreadable images are zero."""

    store: Store
    skipped: Mapping[int, tuple[str, str]]
    notes: Mapping[str, Any]


def decoded(
    key: str, open_source: Callable[[], Source], *, cache_dir: Path, side: int, in_channels: int
) -> Decoded:
    """The decoded images under `key`; opens the source and decodes it if they are not there.

    Args:
        key: names the content of the source; side and channels are added here.
        open_source: called only when there is something to decode.
        cache_dir: where the cache lives; made when missing.
        side: height and width of the decoded images.
        in_channels: 1 or 3.

    Raises:
        ValueError: if the cache folder cannot be written or an image may not be read.
        OSError: if the disk is full.
    """
    folder = cache_dir / "decoded" / f"{key}-{side}x{side}x{in_channels}-v{FORMAT}"
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with _locked(folder):
            if not (folder / "meta.json").exists():
                _write(folder, open_source(), side, in_channels)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise OSError(
                error.errno, "the disk is full while decoding images; free space and start again"
            ) from error
        raise ValueError(
            f"cannot write the image cache in {cache_dir}: {error.strerror or error}; "
            "give a cache folder that can be written"
        ) from error
    return _read(folder, side, in_channels)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One decoder at a time; the lock goes with its process, however that ends."""
    with folder.with_name(f"{folder.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write(folder: Path, source: Source, side: int, in_channels: int) -> None:
    partial = folder.with_name(f"{folder.name}.partial")
    for left_over in (partial, folder):
        if left_over.exists():
            shutil.rmtree(left_over)
    partial.mkdir()
    labels = np.zeros(source.num, np.int64)
    digests = np.zeros((source.num, 16), np.uint8)
    skipped: dict[int, tuple[str, str]] = {}
    blank = np.zeros((in_channels, side, side), np.uint8)

    def decode(row: int) -> NDArray[np.uint8]:
        try:
            image, labels[row] = source.read(row)
            with image:
                array = to_square(image, side=side, in_channels=in_channels)
        except PermissionError as error:
            raise ValueError(
                f"may not read the image {source.label(row)}: permission denied; "
                "make it readable or move it away"
            ) from error
        except Exception as error:  # Pillow raises nearly anything for a damaged file
            skipped[row] = (source.label(row), _reason(error))
            array = blank
        digests[row] = np.frombuffer(row_digest(array), np.uint8)
        return array

    num_threads = min(_MAX_THREADS, os.cpu_count() or 1)
    with (
        warnings.catch_warnings(action="ignore"),  # Pillow's, about odd but readable files
        ThreadPoolExecutor(num_threads) as pool,
        (partial / "images.bin").open("wb") as file,
    ):
        for start in range(0, source.num, _CHUNK):
            for array in pool.map(decode, range(start, min(start + _CHUNK, source.num))):
                file.write(array.data)
        file.flush()
        os.fsync(file.fileno())
    np.save(partial / "labels.npy", labels)
    np.save(partial / "digests.npy", digests)
    bad = [[row, *skipped[row]] for row in sorted(skipped)]
    meta = {"num": source.num, "skipped": bad, "notes": dict(source.notes)}
    (partial / "meta.json").write_text(json.dumps(meta))
    partial.rename(folder)


def _reason(error: Exception) -> str:
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return "not an image that can be read" if "cannot identify" in text else text


def _read(folder: Path, side: int, in_channels: int) -> Decoded:
    meta = json.loads((folder / "meta.json").read_text())
    shape = (meta["num"], in_channels, side, side)
    # Copy-on-write, as torch has no read-only tensors; nothing is ever written to it.
    images = np.memmap(folder / "images.bin", np.uint8, mode="c", shape=shape)
    store = Store(
        images=torch.from_numpy(images),
        labels=np.load(folder / "labels.npy", allow_pickle=False),
        digests=np.load(folder / "digests.npy", allow_pickle=False),
    )
    skipped = {row: (path, reason) for row, path, reason in meta["skipped"]}
    return Decoded(store=store, skipped=skipped, notes=meta["notes"])
