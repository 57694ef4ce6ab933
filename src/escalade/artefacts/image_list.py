"""images.csv: every image of a run, its split and its digest; and what changed, in words."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NamedTuple

from escalade.artefacts.files import write_atomically
from escalade.core.values.invalid import Invalid, shown

FILE = "images.csv"
SPLITS = ("train", "search", "test")
UNREADABLE, UNUSED = "unreadable", "unused"
MOST_CLASSES = 1 << 31
NAMED = 2  # of each kind of change


class Entry(NamedTuple):
    """One image.

    Attributes:
        split: train, search or test; unreadable; or unused, beyond a limit.
        image: its path in the data's folder, or its place in a named set.
        digest: of its decoded pixels, 32 hexadecimal digits; empty outside the splits.
    """

    split: str
    label: int
    class_name: str
    image: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """What tells a run's images from any others: SHA-256 of each split."""

    train: str
    search: str
    test: str


def write(path: Path, entries: Iterable[Entry]) -> None:
    """Write a list, whole or not at all.

    Raises:
        OSError: naming `path`, for a full disk or no permission.
    """

    def lines(file: IO[bytes]) -> None:
        text = io.TextIOWrapper(file, "utf-8", "surrogateescape", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(Entry._fields)
        writer.writerows(entries)
        text.detach()

    write_atomically(path, lines)


def read(path: Path) -> list[Entry]:
    """Read a list.

    Raises:
        Invalid: if it is damaged.
        FileNotFoundError: if there is none.
    """
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            return list(_entries(file))
    except (ValueError, csv.Error) as error:
        problem = f"damaged ({str(error).splitlines()[0]})"
        raise Invalid(problem, path=(str(path),)) from None


def _entries(file: Iterable[str]) -> Iterator[Entry]:
    rows = csv.reader(file, strict=True)
    if next(rows, None) != list(Entry._fields):
        raise ValueError("no list of images")
    for row in rows:
        split, label, class_name, image, digest = row
        if len(bytes.fromhex(digest)) not in (0, 16) or not 0 <= int(label) < MOST_CLASSES:
            raise ValueError("no digest or no label")
        yield Entry(split, int(label), class_name, image, digest)


def split_digests(entries: Iterable[Entry]) -> Digests:
    """The digests of a list's splits: SHA-256 of all images' digests, then of all labels."""
    pixels, labels = ({split: bytearray() for split in SPLITS} for _ in range(2))
    for entry in entries:
        if entry.split in pixels:
            pixels[entry.split] += bytes.fromhex(entry.digest)
            labels[entry.split] += entry.label.to_bytes(8, "little")
    return Digests(
        **{split: hashlib.sha256(pixels[split] + labels[split]).hexdigest() for split in SPLITS}
    )


def changes(before: Iterable[Entry], now: Iterable[Entry]) -> str:
    """What differs between two lists of images: each kind of change, how many, and which first."""
    old, new = ({entry.image: entry for entry in each} for each in (before, now))
    gone = [entry for name, entry in old.items() if name not in new]
    added = [entry for name, entry in new.items() if name not in old]
    moved = _moved(gone, added)
    kept = [(entry, new[name]) for name, entry in old.items() if name in new]
    painted = [was.image for was, entry in kept if _is_painted(was, entry)]
    if len(painted) > 1 and len(painted) == sum(bool(was.digest) for was, _ in kept):
        return (
            f"all {len(painted):,} decode to other pixels, as with another side, other channels or "
            "another version of Pillow"
        )
    found = {
        "gone": [shown(entry.image) for entry in gone if entry.image not in moved],
        "new": [shown(entry.image) for entry in added if entry.image not in moved.values()],
        "renamed": [f"{shown(name)} to {shown(other)}" for name, other in moved.items()],
        "with other pixels": [shown(name) for name in painted],
        "unreadable now": [shown(was.image) for was, entry in kept if _is_broken(was, entry)],
        "readable now": [shown(was.image) for was, entry in kept if _is_broken(entry, was)],
    }
    told = [f"{len(names):,} {what} ({_first(names)})" for what, names in found.items() if names]
    return ", ".join(told) or "the images are the same, but divided differently"


def _moved(gone: Sequence[Entry], added: Sequence[Entry]) -> dict[str, str]:
    """Names of what stands elsewhere with the same pixels, each with its new name."""
    places: dict[str, list[str]] = {}
    for entry in reversed(added):
        places.setdefault(entry.digest, []).append(entry.image)
    places.pop("", None)
    return {e.image: found.pop() for e in gone if (found := places.get(e.digest))}


def _is_painted(was: Entry, entry: Entry) -> bool:
    return bool(was.digest and entry.digest) and was.digest != entry.digest


def _is_broken(was: Entry, entry: Entry) -> bool:
    return entry.split == UNREADABLE != was.split


def _first(names: Sequence[str]) -> str:
    return ", ".join([*sorted(names)[:NAMED], *(["..."] if len(names) > NAMED else [])])
