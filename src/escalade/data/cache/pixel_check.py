"""Whether a set's pixels are what was written: every image is compared with its digest, once.

What was found sound is remembered by the stamp of the file (device, inode, size, times of its last
change), as `file_digests.py` remembers the images themselves: a file that is as it was is not read
again. One process looks, and others, such as a run's ranks, wait for what it found.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from escalade.artefacts.files import read_value, write_json
from escalade.core.values.invalid import Invalid
from escalade.data.cache.cache_lock import locked
from escalade.data.cache.file_digests import has_settled, stamps_of
from escalade.data.splits.split import row_digest

SOUND = "sound.json"  # in a set's folder
MAX_THREADS = 16
_CHUNK_BYTES = 8 << 20  # a thread compares so many at a time


class DamagedSet(Exception):
    """A decoded set is not what was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundFile:
    """A file that was found to be what was written.

    Attributes:
        seal: of the digests that it was compared with.
        stamp: what it was then, as `stamps_of` has it.
    """

    seal: str
    stamp: tuple[int, ...]


def check_pixels(path: Path, digests: NDArray[np.uint8], *, num_bytes: int, seal: str) -> None:
    """Compare all images of a file with their digests, unless it is as it was when that was done.

    Args:
        digests: uint8 (N, 16).
        num_bytes: of an image.
        seal: of the digests.

    Raises:
        DamagedSet: if it is not what was written.
        FileNotFoundError: if it is not there.
    """
    known = path.with_name(SOUND)
    begun = time.time_ns()
    stamp = stamps_of([path])
    now = SoundFile(seal=seal, stamp=tuple(stamp[0].tolist()))
    if _remembered(known) == now:
        return
    if not has_settled(stamp, begun)[0]:  # nobody may remember it yet: no one waits for another
        _compare(path, digests, num_bytes)
        return
    with _alone(path.parent):
        if _remembered(known) == now:
            return
        _compare(path, digests, num_bytes)
        with suppress(OSError):  # a closed cache
            write_json(known, now)


def _remembered(known: Path) -> SoundFile | None:
    with suppress(OSError, Invalid):
        return read_value(SoundFile, known, what="note of a check", remedy="delete it")
    return None


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    with ExitStack() as stack:
        with suppress(OSError):  # a closed cache
            stack.enter_context(locked(folder.with_name(f"{folder.name}.check")))
        yield


def _compare(path: Path, digests: NDArray[np.uint8], num_bytes: int) -> None:
    """Compare all pixels. They are read, not mapped: a bad disk is an error."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size != len(digests) * num_bytes:
            problem = f"{path.name} has {size:,} of {len(digests) * num_bytes:,} bytes"
            raise DamagedSet(problem)

        chunk = max(1, _CHUNK_BYTES // num_bytes)

        def bad(start: int) -> int:
            end = min(start + chunk, len(digests))
            content = os.pread(file.fileno(), (end - start) * num_bytes, start * num_bytes)
            found = np.frombuffer(content, np.uint8).reshape(end - start, num_bytes)
            return sum(
                row_digest(found[row - start]) != digests[row].tobytes()
                for row in range(start, end)
            )

        with ThreadPoolExecutor(min(MAX_THREADS, os.cpu_count() or 1)) as pool:
            try:
                num = sum(pool.map(bad, range(0, len(digests), chunk)))
            except (OSError, ValueError) as error:
                raise DamagedSet(f"{path.name} cannot be read") from error
    if num:
        problem = f"{num:,} of {len(digests):,} images in {path.name} are not what was written"
        raise DamagedSet(problem)
