"""What lies in a folder of images: its classes, and every image file with its split."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from escalade.data.stratified import SEARCH, TEST, TRAIN, Rows

# Formats that Pillow cannot read are here too, so that such files are reported, not ignored.
_READ = ".png .apng .jpg .jpeg .jpe .jfif .jp2 .j2k .webp .bmp .dib .gif .ico .tif .tiff .tga .pcx"
_MORE = ".sgi .ppm .pgm .pbm .pnm .avif .heic .heif"
IMAGE_SUFFIXES = frozenset(f"{_READ} {_MORE}".split())
TRAIN_NAMES = ("train", "training")
VAL_NAMES = ("val", "valid", "validation")
TEST_NAMES = ("test", "testing")


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Image files of a folder in a fixed order.

    Attributes:
        paths: relative to the root.
        stamps: size and modification time (ns) of each file.
        labels: class of each file.
        origin: the split each file comes in (TRAIN where it is still to be divided).
    """

    root: Path
    classes: tuple[str, ...]
    paths: tuple[str, ...]
    stamps: tuple[tuple[int, int], ...]
    labels: Rows
    origin: NDArray[np.int8]

    def digest(self, rows: Rows) -> str:
        """Names the content of these files by path, size and time, without opening them."""
        entries = [(self.paths[i], *self.stamps[i], int(self.labels[i])) for i in rows.tolist()]
        return hashlib.sha256(json.dumps(entries).encode()).hexdigest()[:32]


def list_images(root: Path) -> Listing:
    """List the class folders of `root`, or of its train and val (or test) folders.

    Class folders are read recursively; links are followed, each folder once.

    Raises:
        ValueError: if there are no class folders, only one, an empty one, a class that train
            does not have, or a folder that cannot be read.
    """
    try:
        return _list(root)
    except PermissionError as error:
        raise ValueError(
            f"may not read {error.filename}: permission denied; make the folder readable"
        ) from error


def _list(root: Path) -> Listing:
    parts = _parts(root)
    classes = _classes(parts[0][1])
    files: list[tuple[str, tuple[int, int], int, int]] = []
    for origin, folder in parts:
        unknown = sorted(set(_folders(folder)) - set(classes))
        if unknown:
            raise ValueError(
                f"{folder} has the class '{unknown[0]}' that {parts[0][1]} does not have; "
                "rename it, remove it, or add training images for it"
            )
        for label, name in enumerate(classes):
            if (folder / name).is_dir():
                found = sorted(_image_files(folder / name))
                if not found:
                    raise ValueError(
                        f"the class folder {folder / name} holds no images; "
                        "put images into it or remove it"
                    )
                files += [
                    (os.path.relpath(path, root), _stamp(path), label, origin) for path in found
                ]
    paths, stamps, labels, origins = zip(*files, strict=True)
    return Listing(
        root=root,
        classes=classes,
        paths=paths,
        stamps=stamps,
        labels=np.array(labels, np.int64),
        origin=np.array(origins, np.int8),
    )


def _parts(root: Path) -> list[tuple[int, Path]]:
    """The folders that hold class folders, train first, each with the split it is for."""
    by_name = {name.lower(): root / name for name in _folders(root)}
    train, val, test = (
        next((by_name[name] for name in names if name in by_name), None)
        for names in (TRAIN_NAMES, VAL_NAMES, TEST_NAMES)
    )
    if train is None or (val is None and test is None):
        return [(TRAIN, root)]
    if val is None or test is None:
        return [(TRAIN, train), (TEST, val or test or root)]
    return [(TRAIN, train), (SEARCH, val), (TEST, test)]


def _folders(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.is_dir()]
    return sorted(name for name in names if not name.startswith((".", "__MACOSX")))


def _classes(folder: Path) -> tuple[str, ...]:
    classes = _folders(folder)
    if not classes:
        raise ValueError(
            f"{folder} has no class folders; expected {folder}/CLASS/image files, "
            "or train and val folders of that form"
        )
    if len(classes) == 1:
        inner = folder / classes[0]
        hint = (
            f"; did you mean {inner}?"
            if len(_folders(inner)) > 1
            else ": there is nothing to tell apart; add a folder for each other class"
        )
        raise ValueError(f"{folder} has one class folder only, '{classes[0]}'{hint}")
    return tuple(classes)


def _image_files(folder: Path) -> Iterator[Path]:
    """Image files below a class folder, not entering a folder twice nor one that contains it."""
    seen = {_identity(parent) for parent in (folder, *folder.absolute().parents)}
    seen |= {_identity(parent) for parent in folder.resolve().parents}
    waiting = [folder]
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            if path.name.startswith("."):
                continue
            if path.is_dir():
                if _identity(path) not in seen:
                    seen.add(_identity(path))
                    waiting.append(path)
            elif path.suffix.lower() in IMAGE_SUFFIXES:
                yield path


def _identity(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_dev, stat.st_ino


def _stamp(path: Path) -> tuple[int, int]:
    """Size and time; zeros for a link that leads nowhere, which decoding will report."""
    try:
        stat = path.stat()
    except FileNotFoundError:
        return 0, 0
    return stat.st_size, stat.st_mtime_ns
