"""What lies in a folder of images: its classes, and every image file with its split."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from escalade.artefacts.owning import is_marked
from escalade.core.values.invalid import Invalid
from escalade.data.decoding.opening import SUFFIXES, looks_like_image
from escalade.data.listing.class_names import alike, check_same_classes, class_folders
from escalade.data.listing.label_sets import LabelSets
from escalade.data.listing.split_folders import counted, find_splits, folders, made_folders
from escalade.data.splits.stratified import TRAIN, Rows


@dataclass(frozen=True, kw_only=True)
class Listing:
    """Image files of a folder in a fixed order.

    Attributes:
        paths: relative to the root.
        labels: class of each file, or the set of its classes.
        origin: the split each file comes in (TRAIN where it is still to be divided).
        remarks: what lies there and is not used, a line each.
        label_sets: what labels stand for, where files have several classes; else None.
    """

    root: Path
    name: str
    classes: tuple[str, ...]
    paths: tuple[str, ...]
    labels: Rows
    origin: NDArray[np.int8]
    remarks: tuple[str, ...] = ()
    label_sets: LabelSets | None = None

    @property
    def strata(self) -> tuple[Rows, tuple[str, ...]]:
        """The kind of each file, by which files are divided, and the names of the kinds: classes,
        where each file has one."""
        if self.label_sets is None:
            return self.labels, self.classes
        kinds, classes = self.label_sets.strata(self.labels, free=self.origin == TRAIN)
        return kinds, tuple(self.classes[i] for i in classes.tolist())


def list_images(root: Path, *, say: Callable[[str], None] = lambda text: None) -> Listing:
    """List the class folders of `root`, or of its folders for splits.

    Class folders are read recursively; links are followed, each folder once. What Escalade made
    is no class: `say` is told of such folders.

    Raises:
        ValueError: if there are no class folders, only one, an empty one, splits of other classes
            than train's, or a folder that cannot be read.
    """
    try:
        return _list(root, say)
    except PermissionError as error:
        raise ValueError(
            f"may not read {error.filename}: permission denied; make the folder readable"
        ) from error


@dataclass(kw_only=True)
class _Files:
    """Image files as they are found, those that are hidden, and files of other kinds."""

    root: Path
    found: list[tuple[str, int, int]] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)

    def add(self, folder: Path, label: int, origin: int) -> None:
        """Take in a class folder.

        Raises:
            Invalid: if it holds no images.
        """
        before = len(self.found)
        for path in sorted(_files_below(folder), key=_by_letter):
            name = Path(os.path.relpath(path, self.root)).as_posix()
            if any(part.startswith(".") for part in path.relative_to(folder).parts):
                if path.suffix.lower() in SUFFIXES:
                    self.hidden.append(name)
            elif _is_image(path):
                self.found.append((name, label, origin))
            else:
                self.others.append(name)
        if len(self.found) == before:
            problem = f"the class folder {folder} holds no images"
            raise Invalid(problem, remedy="put images into it or remove it")

    @property
    def remarks(self) -> tuple[str, ...]:
        told = []
        if self.others:
            num = counted(len(self.others), "file")
            told.append(f"{num} left out that no image begins like, such as {self.others[0]}")
        if self.hidden:
            num = counted(len(self.hidden), "image")
            told.append(f"{num} left out, hidden by a '.', such as {self.hidden[0]}")
        return tuple(told)


def _list(root: Path, say: Callable[[str], None]) -> Listing:
    if is_marked(root):
        raise ValueError(f"{root} is a folder that Escalade made, such as a run's, not of images")
    splits = find_splits(root)
    for folder in dict.fromkeys((root, *(folder for _, folder in splits.parts))):
        for name in made_folders(folder):
            say(f"data: {folder / name} is not read: Escalade made what is in it")
    train = splits.parts[0][1]
    classes = _classes(train)
    files = _Files(root=root)
    for origin, part in splits.parts:
        names = class_folders(folders(part), where=part)
        check_same_classes(names, classes, part=part, train=train)
        for label, name in enumerate(classes):
            files.add(part / names[name], label, origin)
    paths, labels, origins = zip(*files.found, strict=True)
    return Listing(
        root=root,
        name=root.resolve().name,
        classes=classes,
        paths=paths,
        labels=np.array(labels, np.int64),
        origin=np.array(origins, np.int8),
        remarks=(*alike(classes), *splits.remarks, *files.remarks),
    )


def _classes(folder: Path) -> tuple[str, ...]:
    classes = tuple(class_folders(folders(folder), where=folder))
    if not classes:
        raise ValueError(
            f"{folder} has no class folders; expected {folder}/CLASS/image files, "
            "or train and val folders of that form"
        )
    if len(classes) == 1:
        inner = folder / folders(folder)[0]
        hint = (
            f"; did you mean {inner}?"
            if len(folders(inner)) > 1
            else ": there is nothing to tell apart; add a folder for each other class"
        )
        raise ValueError(f"{folder} has one class folder only, '{classes[0]}'{hint}")
    return classes


def _files_below(folder: Path) -> Iterator[Path]:
    """Files below a class folder, not entering a folder twice nor one that contains it."""
    seen = {_identity(parent) for parent in (folder, *folder.absolute().parents)}
    seen |= {_identity(parent) for parent in folder.resolve().parents}
    waiting = [folder]
    while waiting:
        for path in sorted(waiting.pop().iterdir(), key=_by_letter):
            if path.is_dir():
                if path.name.startswith("."):
                    yield from (Path(at, name) for at, _, names in os.walk(path) for name in names)
                elif _identity(path) not in seen and not is_marked(path):
                    seen.add(_identity(path))
                    waiting.append(path)
            else:
                yield path


def _by_letter(path: Path) -> tuple[str, ...]:
    """An order that is the same everywhere: Windows' own paths know no case."""
    return path.parts


def _is_image(path: Path) -> bool:
    """Whether a file is called like an image, or begins as one; not a pipe, whatever its name."""
    if path.exists() and not path.is_file():
        return False
    return path.suffix.lower() in SUFFIXES or looks_like_image(path)


def _identity(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_dev, stat.st_ino
