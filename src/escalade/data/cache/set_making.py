"""How a decoded set is made by all processes that want it: one leads, the others help."""

from __future__ import annotations

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

import numpy as np
import PIL
from numpy.typing import NDArray

from escalade.core.numbers.shown import amount
from escalade.data.cache import decoded_set
from escalade.data.cache.cache_room import Say, make_room
from escalade.data.cache.decoded_set import DamagedSet, Decoded
from escalade.data.cache.file_digests import FilesChanged
from escalade.data.cache.on_the_fly import ImagesOnTheFly
from escalade.data.cache.partial_set import Decode, PartialSet, begun
from escalade.data.decoding.opening import formats, quiet
from escalade.data.decoding.source import DecodedRow, RowDecoder, Source

TOLD_BYTES = 1e9  # a set of so many is told of before it is decoded
POLL_SECONDS = 0.1


class SetMaking:
    """One process's share in making a set.

    Args:
        open_source: called where something is to be decoded, or to be read from its files.
        shape: of an image, (C, side, side).
        keeps_pixels: on the disk; without, images are read from their files.
    """

    def __init__(
        self,
        folder: Path,
        open_source: Callable[[], Source],
        *,
        name: str,
        shape: tuple[int, int, int],
        keeps_pixels: bool,
    ) -> None:
        self._folder = folder
        self._open_source = open_source
        self._name = name
        self._shape = shape
        self._keeps_pixels = keeps_pixels

    @cached_property
    def _source(self) -> Source:
        return self._open_source()

    @cached_property
    def _partial(self) -> PartialSet:
        return PartialSet(
            self._folder,
            num=self._source.num,
            image_bytes=math.prod(self._shape),
            keeps_pixels=self._keeps_pixels,
        )

    def find(self, *, say: Say | None = None) -> Decoded | None:
        """The set, None where it is not there or damaged; then it is removed, if `say` may tell."""
        try:
            found = self._read()
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
                    time.sleep(POLL_SECONDS)
        except FilesChanged:
            partial.discard()
            raise
        partial.end(facts)
        found = self._read()
        assert found is not None
        return found

    def _read(self) -> Decoded | None:
        in_channels, side, _ = self._shape
        in_files = None if self._keeps_pixels else self._in_files
        return decoded_set.read(self._folder, side=side, in_channels=in_channels, in_files=in_files)

    def _in_files(self, facts: Mapping[str, Any], digests: NDArray[np.uint8]) -> ImagesOnTheFly:
        return ImagesOnTheFly(self._decoder(facts), digests)

    def help(self) -> None:
        """Decode what nobody is at, where another process has begun the set."""
        if (facts := self._begun()) is not None:
            with suppress(FileNotFoundError):  # it is ended
                self._partial.decode(self._decode(facts))

    def _make_room(self, cache_dir: Path, missing: Sequence[range], *, say: Say) -> None:
        num = sum(map(len, missing))
        needed = num * math.prod(self._shape) if self._keeps_pixels else 0
        if needed >= TOLD_BYTES:
            say(
                f"cache: {num:,} of {self._source.num:,} images of {self._name} are to be decoded "
                f"into {self._folder.parent}, {amount(needed, 'memory')}"
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
        source, decoder = self._source, self._decoder(facts)
        num_threads = min(decoded_set.MAX_THREADS, os.cpu_count() or 1)

        def decode(rows: range) -> Iterator[DecodedRow]:
            with quiet(), ThreadPoolExecutor(num_threads) as pool:
                yield from pool.map(decoder, rows)
            source.confirm(rows)

        return decode

    def _decoder(self, facts: Mapping[str, Any]) -> RowDecoder:
        source, (in_channels, side, _) = self._source, self._shape
        levels = source.levels(facts["notes"])
        return RowDecoder(source, side=side, in_channels=in_channels, levels=levels)


def _decoder() -> str:
    """What images are opened by; another one may read what this one could not."""
    return f"Pillow {PIL.__version__}: {' '.join(formats())}"
