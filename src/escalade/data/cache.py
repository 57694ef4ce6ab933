"""The decoded cache: every image of a source as one memory-mapped array of bytes on disk.

A source is decoded once, into a set of its own (`decoded_set.py`), by as many processes as want it
(`partial_set.py`): one leads, the others help. What a killed decode has done is taken up.
"""

from __future__ import annotations

import errno
import math
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import PIL

from escalade.artefacts.marks import marked_folder
from escalade.core.numbers.budget import format_amount
from escalade.data import decoded_set
from escalade.data.cache_lock import locked
from escalade.data.cache_room import DECODED, Say, make_room
from escalade.data.decoded_set import DamagedSet, Decoded
from escalade.data.file_digests import FilesChanged
from escalade.data.opening import formats, quiet
from escalade.data.partial_set import Decode, PartialSet, begun
from escalade.data.source import DecodedRow, RowDecoder, Source

FORMAT = 3  # raise it when decoding changes
TOLD_BYTES = 1e9  # a set of so many is told of before it is decoded
_POLL_SECONDS = 0.1


def default_cache() -> Path:
    """Where decoded images and downloads are kept: $ESCALADE_CACHE or the user's cache."""
    given = os.environ.get("ESCALADE_CACHE")
    return Path(given).expanduser() if given else Path.home() / ".cache" / "escalade"


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

    Processes that ask for the same images at the same time decode them together.

    Args:
        key: names the content of the source; side and channels are added here.
        open_source: called only when there is something to decode.
        name: what people call the source.
        cache_dir: where the cache lives; made when missing.
        side: height and width of the decoded images.
        in_channels: 1 or 3.
        say: tells people of what takes much room, of what is removed, or damaged and decoded again.

    Raises:
        ValueError: if the cache folder cannot be written or an image may not be read.
        OSError: if the disk is full, or has not the room.
    """
    folder = cache_dir / DECODED / f"{key}-{side}x{side}x{in_channels}-v{FORMAT}"
    making = _Making(folder, open_source, name=name, shape=(in_channels, side, side))
    try:
        while (found := making.find()) is None:
            marked_folder(folder.parent)
            with locked(folder, wait=False) as leads:
                if leads:  # another process may have been quicker
                    return making.find(say=say) or making.lead(cache_dir, say=say)
            making.help()
            time.sleep(_POLL_SECONDS)
        return found
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


class _Making:
    """One process's share in making a set."""

    def __init__(
        self,
        folder: Path,
        open_source: Callable[[], Source],
        *,
        name: str,
        shape: tuple[int, int, int],
    ) -> None:
        self._folder = folder
        self._open_source = open_source
        self._name = name
        self._shape = shape

    @cached_property
    def _source(self) -> Source:
        return self._open_source()

    @cached_property
    def _partial(self) -> PartialSet:
        return PartialSet(self._folder, num=self._source.num, image_bytes=math.prod(self._shape))

    def find(self, *, say: Say | None = None) -> Decoded | None:
        """The set, None where it is not there or damaged; then it is removed, if `say` may tell."""
        in_channels, side, _ = self._shape
        try:
            found = decoded_set.read(self._folder, side=side, in_channels=in_channels)
            if found and found.skipped and found.facts["decoder"] != _decoder():
                raise DamagedSet("images that could not be read met another Pillow")
            return found
        except DamagedSet as error:
            if say is not None:
                say(f"cache: {self._folder} cannot be used ({error}); the images are decoded again")
                shutil.rmtree(self._folder)
            return None

    def lead(self, cache_dir: Path, *, say: Say) -> Decoded:
        """Begin the set or take it up, decode until no chunk is missing, and end it.

        Raises:
            OSError: if the disk has not the room.
            FilesChanged: if the source is not what it was; then nothing is left of the set.
            DamagedSet: if it is not what was just written.
        """
        partial, facts = self._partial, self._begun()
        if facts is None:
            partial.discard()
        self._make_room(cache_dir, partial.missing, say=say)
        if facts is None:
            facts = self._facts()
            partial.begin(facts)
        try:
            while partial.missing:
                partial.decode(self._decode(facts))
                if partial.missing:  # others are at it
                    time.sleep(_POLL_SECONDS)
        except FilesChanged:
            partial.discard()
            raise
        partial.end(facts)
        in_channels, side, _ = self._shape
        found = decoded_set.read(self._folder, side=side, in_channels=in_channels)
        assert found is not None
        return found

    def help(self) -> None:
        """Decode what nobody is at, where another process has begun the set."""
        if (facts := self._begun()) is not None:
            with suppress(FileNotFoundError):  # it is ended
                self._partial.decode(self._decode(facts))

    def _make_room(self, cache_dir: Path, missing: Sequence[range], *, say: Say) -> None:
        num = sum(map(len, missing))
        needed = num * math.prod(self._shape)
        if needed >= TOLD_BYTES:
            say(
                f"cache: {num:,} of {self._source.num:,} images of {self._name} are to be decoded "
                f"into {self._folder.parent}, {format_amount(needed)}B"
            )
        make_room(cache_dir, needed, say=say)

    def _begun(self) -> dict[str, Any] | None:
        """What the set was begun with, None where that is nothing of use here."""
        facts = begun(self._folder)
        return facts if facts is not None and facts["decoder"] == _decoder() else None

    def _facts(self) -> dict[str, Any]:
        in_channels, side, _ = self._shape
        return {
            "data": self._name,
            "num": self._source.num,
            "side": side,
            "in_channels": in_channels,
            "decoder": _decoder(),
            "notes": dict(self._source.look()),
        }

    def _decode(self, facts: Mapping[str, Any]) -> Decode:
        """Decodes the rows of a chunk, and makes sure that they still are what they were."""
        source, (in_channels, side, _) = self._source, self._shape
        levels = source.levels(facts["notes"])
        decoder = RowDecoder(source, side=side, in_channels=in_channels, levels=levels)
        num_threads = min(decoded_set.MAX_THREADS, os.cpu_count() or 1)

        def decode(rows: range) -> Iterator[DecodedRow]:
            with quiet(), ThreadPoolExecutor(num_threads) as pool:
                yield from pool.map(decoder, rows)
            source.confirm(rows)

        return decode


def _decoder() -> str:
    """What images are opened by; another one may read what this one could not."""
    return f"Pillow {PIL.__version__}: {' '.join(formats())}"
