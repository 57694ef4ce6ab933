"""Marks on the folders that Escalade makes, so that none is ever read as a class of images."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

MARK = ".escalade"
_TEXT = "Escalade made this folder. While this file is here, the folder is not read as images.\n"


def mark(folder: Path) -> None:
    """Say that a folder, which is there, is Escalade's.

    Raises:
        OSError: if it cannot be written.
    """
    # Others may do so at the same time; that the file is there is all that counts.
    with (
        suppress(FileExistsError),
        (folder / MARK).open("x", encoding="utf-8", newline="\n") as file,
    ):
        file.write(_TEXT)


def marked_folder(folder: Path) -> Path:
    """A folder of Escalade's, made where it is missing.

    Raises:
        OSError: if it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mark(folder)
    return folder


def is_marked(folder: Path) -> bool:
    """Whether Escalade made a folder."""
    return os.path.lexists(folder / MARK)
