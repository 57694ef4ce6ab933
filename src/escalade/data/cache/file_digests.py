"""What files hold, by content; a file that is as it was at an earlier look is not read again.

A look remembers of each file its digest and its stamp: device, inode, size, and the times of its
last change. An edit that keeps size and modification time changes the inode's time, and copies
have inodes of their own. What changed within the last seconds is looked at again next time: it
could change once more within the same tick of the file system's clock.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from escalade.artefacts.files import write_atomically
from escalade.artefacts.owning import marked_folder
from escalade.data.cache.cache_lock import locked

FOLDER = "files"  # in the cache
MOST_LOOKS = 64  # so many folders' looks are kept
_TICKS = 3_000_000_000  # ns: beyond any file system's granularity
_BYTES = 16
_MODULUS = 1 << 64  # of a stamp's numbers, which may be negative or fill 64 bits

Contents = NDArray[np.uint8]
Stamps = NDArray[np.uint64]


class FilesChanged(ValueError):
    """Files changed while they were read."""


def file_digests(paths: Sequence[Path], *, root: Path, cache_dir: Path) -> tuple[Contents, Stamps]:
    """Content digests of files, and the stamps that they had then.

    Args:
        paths: of the files; of one that is not there the digest is zero.
        root: the folder that they are in, under which they are remembered.
        cache_dir: where looks are kept, if it can be written.

    Returns:
        uint8 (N, 16) and uint64 (N, 5).

    Raises:
        ValueError: if a file cannot be read.
    """
    look = (
        cache_dir / FOLDER / f"{hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:32]}.npz"
    )
    with _alone(look):
        return _looked(paths, look)


def _looked(paths: Sequence[Path], look: Path) -> tuple[Contents, Stamps]:
    now = time.time_ns()
    stamps = stamps_of(paths)
    known = _remembered(look)
    keys = [stamp.tobytes() for stamp in stamps]
    digests = np.zeros((len(paths), _BYTES), np.uint8)
    fresh = [row for row, key in enumerate(keys) if key not in known]
    for row, key in enumerate(keys):
        if key in known:
            digests[row] = np.frombuffer(known[key], np.uint8)
    with ThreadPoolExecutor(min(16, os.cpu_count() or 1)) as pool:
        for row, digest in zip(
            fresh, pool.map(lambda row: _digest(paths[row]), fresh), strict=True
        ):
            digests[row] = np.frombuffer(digest, np.uint8)
    if fresh:
        settled = has_settled(stamps, now) & stamps.any(axis=1)
        _remember(look, stamps[settled], digests[settled])
    return digests, stamps


def stamps_of(paths: Sequence[Path]) -> Stamps:
    """Device, inode, size and times of modification and change of each file, (N, 5).

    Zero for a file that is not there.

    Raises:
        ValueError: if one is no regular file, or cannot be looked at.
    """
    return np.array([_stamp(path) for path in paths], np.uint64).reshape(-1, 5)


def has_settled(stamps: Stamps, now: int) -> NDArray[np.bool_]:
    """Which files could not change once more with the same stamp, (N,).

    Args:
        now: ns since the epoch, from before they were read.
    """
    settled: NDArray[np.bool_] = stamps[:, -1] < now - _TICKS
    return settled


def check_unchanged(paths: Sequence[Path], stamps: Stamps) -> None:
    """Whether files are as they were.

    Raises:
        FilesChanged: naming the first that is not.
    """
    for row in np.flatnonzero((stamps_of(paths) != stamps).any(axis=1))[:1].tolist():
        raise FilesChanged(f"{paths[row]} changed while it was read; give the same command again")


def content_key(digests: Contents, labels: NDArray[np.int64]) -> str:
    """Names images by what their files hold and by their labels, in order."""
    hasher = hashlib.sha256(np.ascontiguousarray(digests).tobytes())
    hasher.update(labels.astype("<i8").tobytes())
    return hasher.hexdigest()[:32]


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except FileNotFoundError:
        return (0,) * 5
    except OSError as error:
        raise _unread(path, error) from error
    if not stat.S_ISREG(found.st_mode):
        raise ValueError(f"{path} is no file; move it away")
    numbers = found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    return tuple(number % _MODULUS for number in numbers)


def _digest(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()[:_BYTES]
    except FileNotFoundError:
        return bytes(_BYTES)
    except OSError as error:
        raise _unread(path, error) from error


def _unread(path: Path, error: OSError) -> ValueError:
    why = (error.strerror or str(error)).lower()
    return ValueError(f"may not read the image {path}: {why}; make it readable or move it away")


@contextmanager
def _alone(look: Path) -> Iterator[None]:
    """One process reads the files, and others, such as a run's ranks, wait for what it found."""
    with ExitStack() as stack:
        with suppress(OSError):  # a closed cache
            marked_folder(look.parent)
            stack.enter_context(locked(look))
        yield


def _remembered(look: Path) -> dict[bytes, bytes]:
    """Digests by stamp; none where a look is missing or damaged."""
    try:
        with look.open("rb") as file, np.load(file, allow_pickle=False) as found:
            stamps, digests = found["stamps"], found["digests"]
            rows = zip(stamps, digests, strict=True)
            return {stamp.tobytes(): digest.tobytes() for stamp, digest in rows}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}


def _remember(look: Path, stamps: Stamps, digests: Contents) -> None:
    """Keep a look, in the place of the last one of its folder; a closed cache has none."""
    with suppress(OSError):
        write_atomically(look, lambda file: np.savez(file, stamps=stamps, digests=digests))
        looks = sorted(look.parent.glob("*.npz"), key=lambda path: path.stat().st_mtime)
        for old in looks[:-MOST_LOOKS]:
            old.unlink(missing_ok=True)
