"""What lies in a folder of images: its classes, and every image file with its split."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from escalade.artefacts.marks import is_marked
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
        labels: class of each file.
        origin: the split each file comes in (TRAIN where it is still to be divided).
    """

    root: Path
    classes: tuple[str, ...]
    paths: tuple[str, ...]
    labels: Rows
    origin: NDArray[np.int8]


def list_images(root: Path, *, say: Callable[[str], None] = lambda text: None) -> Listing:
    """List the class folders of `root`, or of its train and val (or test) folders.

    Class folders are read recursively; links are followed, each folder once. What Escalade made
    is no class: `say` is told of such folders.

    Raises:
        ValueError: if there are no class folders, only one, an empty one, a class that train
            does not have, or a folder that cannot be read.
    """
    try:
        return _list(root, say)
    except PermissionError as error:
        raise ValueError(
            f"may not read {error.filename}: permission denied; make the folder readable"
        ) from error


def _list(root: Path, say: Callable[[str], None]) -> Listing:
    if is_marked(root):
        raise ValueError(f"{root} is a folder that Escalade made, such as a run's, not of images")
    parts = _parts(root)
    for folder in dict.fromkeys((root, *(folder for _, folder in parts))):
        for name in sorted({*_visible(folder)} - {*_folders(folder)}):
            say(f"data: {folder / name} is not read: Escalade made what is in it")
    classes = _classes(parts[0][1])
    files: list[tuple[str, int, int]] = []
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
                files += [(os.path.relpath(path, root), label, origin) for path in found]
    paths, labels, origins = zip(*files, strict=True)
    return Listing(
        root=root,
        classes=classes,
        paths=paths,
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
    """Names of the folders in one that may be classes: neither hidden nor made by Escalade."""
    return [name for name in _visible(folder) if not _is_made(folder / name)]


def _visible(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if entry.is_dir()]
    return sorted(name for name in names if not name.startswith((".", "__MACOSX")))


def _is_made(folder: Path) -> bool:
    """Whether Escalade made a folder, or there are such in it and no images beside them."""
    if is_marked(folder):
        return True
    made, waiting = False, [folder]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if not entry.is_dir(follow_symlinks=False):
                    if Path(entry.name).suffix.lower() in IMAGE_SUFFIXES:
                        return False
                elif is_marked(Path(entry.path)):
                    made = True
                else:
                    waiting.append(Path(entry.path))
    return made


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
                if _identity(path) not in seen and not is_marked(path):
                    seen.add(_identity(path))
                    waiting.append(path)
            elif path.suffix.lower() in IMAGE_SUFFIXES:
                yield path


def _identity(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_dev, stat.st_ino
