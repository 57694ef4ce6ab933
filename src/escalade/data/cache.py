"""The decoded cache: every image of a source as one memory-mapped array of bytes on disk.

A source is decoded once, into a set of its own (`decoded_set.py`); a killed decode leaves nothing
that is ever read.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import Image

from escalade.artefacts.marks import marked_folder
from escalade.data import decoded_set
from escalade.data.cache_lock import locked
from escalade.data.cache_room import DECODED, PARTIAL, Say, make_room
from escalade.data.decoded_set import DamagedSet, Decoded
from escalade.data.decoding import FULL_LEVELS, MOST_PIXELS, Levels, num_pixels, to_square
from escalade.data.opening import formats, quiet
from escalade.data.pixel_room import PixelRoom
from escalade.data.split import row_digest

FORMAT = 3  # raise it when decoding changes
_CHUNK = 256
_SYSTEMS = {
    getattr(errno, name)
    for name in ("EACCES", "EPERM", "EIO", "ESTALE", "ETIMEDOUT", "ENOTCONN", "EMFILE", "ENFILE")
}


@dataclass(frozen=True, kw_only=True)
class Source:
    """Images that can be opened by number.

    Attributes:
        read: gives an image (which this module closes) and its label.
        label: what to call an image in a message.
        check: raises ValueError for a decoded image that is of no use.
        levels: which values of more than eight bits become 0 and 255.
        notes: JSON values kept beside the decoded images.
        confirm: called when all images are decoded; raises if they are not what they were.
    """

    num: int
    read: Callable[[int], tuple[Image.Image, int]]
    label: Callable[[int], str]
    check: Callable[[NDArray[np.uint8]], None] = lambda _: None
    levels: Levels = field(default_factory=lambda: FULL_LEVELS)
    notes: Mapping[str, Any] = field(default_factory=dict)
    confirm: Callable[[], None] = lambda: None


def decoded(
    key: str,
    open_source: Callable[[], Source],
    *,
    name: str,
    cache_dir: Path,
    side: int,
    in_channels: int,
    say: Say,
) -> Decoded:
    """The decoded images under `key`; opens the source and decodes it if they are not there.

    Args:
        key: names the content of the source; side and channels are added here.
        open_source: called only when there is something to decode.
        name: what people call the source.
        cache_dir: where the cache lives; made when missing.
        side: height and width of the decoded images.
        in_channels: 1 or 3.
        say: tells people of what is removed, or damaged and decoded again.

    Raises:
        ValueError: if the cache folder cannot be written or an image may not be read.
        OSError: if the disk is full.
    """
    folder = cache_dir / DECODED / f"{key}-{side}x{side}x{in_channels}-v{FORMAT}"
    try:
        found = _find(folder, side=side, in_channels=in_channels)
        if found is not None:
            return found
        marked_folder(folder.parent)
        with locked(folder):
            _sweep(folder)
            # Another process may have been quicker; what is damaged is told of here, once.
            found = _find(folder, side=side, in_channels=in_channels, say=say)
            if found is None:
                source = open_source()
                make_room(cache_dir, source.num * in_channels * side * side, say=say)
                _write(folder, source, name, side=side, in_channels=in_channels)
                found = decoded_set.read(folder, side=side, in_channels=in_channels)
    except DamagedSet as error:
        raise ValueError(
            f"{folder}: {error}, though it has just been written; give a cache on a sound disk"
        ) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            problem = f"the disk is full while decoding images ({error.strerror})"
            raise OSError(error.errno, problem) from error
        raise ValueError(
            f"cannot write the image cache in {cache_dir}: {error.strerror or error}; "
            "give a cache folder that can be written"
        ) from error
    assert found is not None
    return found


def _find(folder: Path, *, side: int, in_channels: int, say: Say | None = None) -> Decoded | None:
    """The set, None where it is not there; one that is damaged is removed, if `say` may tell."""
    try:
        found = decoded_set.read(folder, side=side, in_channels=in_channels)
        if found and found.skipped and found.facts["decoder"] != _decoder():
            raise DamagedSet("images that could not be read met another Pillow")
        return found
    except DamagedSet as error:
        if say is not None:
            say(f"cache: {folder} cannot be used ({error}); the images are decoded again")
            shutil.rmtree(folder)
        return None


def _decoder() -> str:
    """What images are opened by; another one may read what this one could not."""
    return f"Pillow {PIL.__version__}: {' '.join(formats())}"


def _sweep(folder: Path) -> None:
    """What a killed decode of this set left; whoever holds the lock is the only one."""
    for left_over in folder.parent.glob(f"{folder.name}.*{PARTIAL}"):
        shutil.rmtree(left_over)


def _write(folder: Path, source: Source, name: str, *, side: int, in_channels: int) -> None:
    labels = np.zeros(source.num, np.int64)
    digests = np.zeros((source.num, 16), np.uint8)
    skipped: dict[int, str] = {}
    blank = np.zeros((in_channels, side, side), np.uint8)
    room = PixelRoom(MOST_PIXELS)

    def decode(row: int) -> NDArray[np.uint8]:
        try:
            image, labels[row] = source.read(row)
            with image, room.held(num_pixels(image, side)):
                array = to_square(image, side=side, in_channels=in_channels, levels=source.levels)
            source.check(array)
        except Exception as error:  # Pillow raises nearly anything for a damaged file
            if _is_systems(error):
                raise ValueError(
                    f"may not read the image {source.label(row)}: {_reason(error).lower()}; "
                    "make it readable or move it away"
                ) from error
            skipped[row] = _reason(error)
            array = blank
        digests[row] = np.frombuffer(row_digest(array), np.uint8)
        return array

    num_threads = min(decoded_set.MAX_THREADS, os.cpu_count() or 1)
    with decoded_set.writing(folder) as partial:
        with (
            quiet(),
            ThreadPoolExecutor(num_threads) as pool,
            (partial / decoded_set.IMAGES).open("wb") as file,
        ):
            for start in range(0, source.num, _CHUNK):
                for array in pool.map(decode, range(start, min(start + _CHUNK, source.num))):
                    file.write(array.data)
        source.confirm()
        decoded_set.write_rows(
            partial,
            labels=labels,
            digests=digests,
            skipped=skipped,
            facts={
                "data": name,
                "side": side,
                "in_channels": in_channels,
                "decoder": _decoder(),
                "notes": dict(source.notes),
            },
        )


def _is_systems(error: Exception) -> bool:
    """Whether it is the system that fails, which says nothing about the image."""
    return isinstance(error, OSError) and error.errno in _SYSTEMS


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).splitlines()[0] if str(error) else type(error).__name__
