"""A decoded set that is coming to be, by chunks that any number of processes decode.

`images.bin` has room for all pixels; beside it `chunks/` holds what the set is of, and of every
chunk whose pixels are on the disk its labels and digests. A killed process loses the chunk that it
was at, and whoever comes next, ranks of one run as well as other commands, takes one that nobody
has.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from escalade.artefacts.files import write_json
from escalade.data.cache import decoded_set
from escalade.data.cache.cache_lock import locked
from escalade.data.cache.cache_room import BEGUN, CHUNKS, PARTIAL
from escalade.data.cache.decoded_set import IMAGES
from escalade.data.decoding.source import DecodedRow
from escalade.data.splits.split import row_digest

# A chunk is long enough that writing it down takes nothing, and short enough to lose.
CHUNK_IMAGES, CHUNK_BYTES = 256, 16 << 20

Decode = Callable[[range], Iterable[DecodedRow]]


def begun(folder: Path) -> dict[str, Any] | None:
    """What a set was begun with, None where nobody began it.

    Args:
        folder: that the set will have.
    """
    try:
        facts: dict[str, Any] = json.loads((_partial(folder) / CHUNKS / BEGUN).read_bytes())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return facts


class PartialSet:
    """The part of a set that is decoded.

    Args:
        folder: that the set will have.
        keeps_pixels: whether they are written; labels and digests always are.
    """

    def __init__(self, folder: Path, *, num: int, image_bytes: int, keeps_pixels: bool) -> None:
        self._folder = folder
        self._path = _partial(folder)
        self._num = num
        self._image_bytes = image_bytes
        self._written = image_bytes if keeps_pixels else 0

    @cached_property
    def chunks(self) -> list[range]:
        """The rows of every chunk."""
        size = max(CHUNK_IMAGES, CHUNK_BYTES // max(1, self._image_bytes))
        return [range(at, min(at + size, self._num)) for at in range(0, self._num, size)]

    @property
    def missing(self) -> list[range]:
        """Chunks that are not decoded."""
        return [rows for rows in self.chunks if not self._record(rows).exists()]

    def begin(self, facts: Mapping[str, Any]) -> None:
        self.discard()
        (self._path / CHUNKS).mkdir(parents=True)
        with (self._path / IMAGES).open("wb") as file:
            file.truncate(self._num * self._written)
        write_json(self._path / CHUNKS / BEGUN, dict(facts))

    def discard(self) -> None:
        shutil.rmtree(self._path, ignore_errors=True)

    def decode(self, decode: Decode) -> None:
        """Decode what is missing and nobody is at.

        Raises:
            FileNotFoundError: if it was ended meanwhile.
        """
        for rows in self.missing:
            name = f"{self._folder.name}.{rows.start}"
            with locked(self._folder.with_name(name), wait=False) as is_ours:
                if is_ours and not self._record(rows).exists():
                    self._write(rows, decode(rows))

    def end(self, facts: Mapping[str, Any]) -> None:
        """Have the set take its place; no chunk is missing."""
        records = [json.loads(self._record(rows).read_bytes()) for rows in self.chunks]
        digests = bytes.fromhex("".join(record["digests"] for record in records))
        decoded_set.write_rows(
            self._path,
            labels=np.array([each for record in records for each in record["labels"]], np.int64),
            digests=np.frombuffer(digests, np.uint8).reshape(self._num, -1),
            skipped={row: why for record in records for row, why in record["skipped"]},
            facts=facts,
        )
        decoded_set.put_in_place(self._path, self._folder)
        shutil.rmtree(self._folder / CHUNKS, ignore_errors=True)

    def _write(self, rows: range, decoded: Iterable[DecodedRow]) -> None:
        labels, digests, skipped = [], bytearray(), []
        with (self._path / IMAGES).open("r+b") as file:
            file.seek(rows.start * self._written)
            for row, made in zip(rows, decoded, strict=True):
                if self._written:
                    file.write(made.pixels.data)
                labels.append(made.label)
                digests += row_digest(made.pixels)
                if made.problem is not None:
                    skipped.append([row, made.problem])
            file.flush()
            os.fsync(file.fileno())
        record = {"labels": labels, "digests": digests.hex(), "skipped": skipped}
        write_json(self._record(rows), record)

    def _record(self, rows: range) -> Path:
        return self._path / CHUNKS / f"{rows.start}.json"


def _partial(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}{PARTIAL}")
