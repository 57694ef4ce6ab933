"""Marks on the folders that Escalade makes, so that none is ever read as a class of images."""

from __future__ import annotations

import os
from pathlib import Path

from escalade.artefacts.files import write_text

MARK = ".escalade"
_TEXT = "Escalade made this folder. While this file is here, the folder is not read as images.\n"


def mark(folder: Path) -> None:
    """Say that a folder, which is there, is Escalade's.

    Raises:
        OSError: if it cannot be written.
    """
    if not os.path.lexists(folder / MARK):
        write_text(folder / MARK, _TEXT)


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
