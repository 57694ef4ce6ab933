"""Folders and files as a user sees them: neither hidden nor made by Escalade."""

from __future__ import annotations

import os
from pathlib import Path

from escalade.artefacts.marks import is_marked
from escalade.data.opening import SUFFIXES


def folders(folder: Path) -> list[str]:
    """Names of the folders in a folder that may hold images, in order."""
    return [name for name in _visible(folder) if not _is_made(folder / name)]


def made_folders(folder: Path) -> list[str]:
    """Names of the folders in a folder that Escalade made, or that hold nothing but such."""
    return [name for name in _visible(folder) if _is_made(folder / name)]


def files(folder: Path) -> list[str]:
    """Names of the files in a folder, in order."""
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries if not entry.is_dir()]
    return sorted(name for name in names if not name.startswith("."))


def counted(num: int, what: str) -> str:
    """1 file, 2 files."""
    return f"{num:,} {what}{'' if num == 1 else 's'}"


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
                    if Path(entry.name).suffix.lower() in SUFFIXES:
                        return False
                elif is_marked(Path(entry.path)):
                    made = True
                else:
                    waiting.append(Path(entry.path))
    return made
