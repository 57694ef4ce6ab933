"""digests.json: what the files beside it were when they were written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from escalade.artefacts.files import read_json, write_json
from escalade.core.values.invalid import Invalid

FILE = "digests.json"


def seal(folder: Path, *names: str) -> None:
    """Note files of a folder as they are now; what was noted of others stays."""
    made = {name: _digest(folder / name) for name in names}
    known = {name: text for name, text in _noted(folder).items() if (folder / name).exists()}
    write_json(folder / FILE, dict(sorted((known | made).items())))


def is_whole(folder: Path, *names: str) -> bool:
    noted = _noted(folder)
    return all(name in noted and _is_same(folder / name, noted[name]) for name in names)


def check_whole(folder: Path, *names: str, remedy: str) -> None:
    """Refuse files that are not what was noted of them; without names, all that were noted.

    What was never noted is not known to be wrong.

    Raises:
        Invalid: with the first such file.
    """
    noted = _noted(folder)
    for name in names or noted:
        if name in noted and not _is_same(folder / name, noted[name]):
            problem = "is missing" if not (folder / name).exists() else "is not what was written"
            raise Invalid(problem, path=(str(folder / name),), remedy=remedy)


def changed(folder: Path, names: Iterable[str]) -> list[str]:
    """The files among these that are there and are not what was noted of them."""
    noted = _noted(folder)
    return [
        name
        for name in names
        if (folder / name).exists() and name in noted and not _is_same(folder / name, noted[name])
    ]


def _noted(folder: Path) -> Mapping[str, str]:
    """What is noted; nothing where the notes are missing or damaged."""
    path = folder / FILE
    try:
        found: Mapping[str, Any] = read_json(path, what="list of digests", remedy="")
    except ValueError:
        return {}
    plain = (name for name in found if name not in ("", ".", "..") and Path(name).name == name)
    return {name: str(found[name]) for name in plain}


def _is_same(path: Path, digest: str) -> bool:
    try:
        return _digest(path) == digest
    except (FileNotFoundError, IsADirectoryError):
        return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
