"""digests.json: what the files beside it were when they were written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from escalade.artefacts.files import read_json, write_json
from escalade.core.values.invalid import Invalid

FILE = "digests.json"


def seal(folder: Path, *names: str) -> None:
    """Note files of a folder as they are now; what was noted of others stays."""
    made = {name: _digest(folder / name) for name in names}
    known = {name: text for name, text in noted(folder).items() if (folder / name).exists()}
    write_json(folder / FILE, dict(sorted((known | made).items())))


def is_whole(folder: Path, *names: str) -> bool:
    known = noted(folder)
    return all(name in known and _is_same(folder / name, known[name]) for name in names)


def check_whole(folder: Path, *names: str, remedy: str) -> None:
    """Refuse files that are not what was noted of them.

    What was never noted is not known to be wrong.

    Raises:
        Invalid: with the first such file; or if what was noted cannot be read.
    """
    known = noted(folder)
    for name in names:
        if name in known and not _is_same(folder / name, known[name]):
            problem = "is missing" if not (folder / name).exists() else "is not what was written"
            raise Invalid(problem, path=(str(folder / name),), remedy=remedy)


def changed(folder: Path, names: Iterable[str]) -> list[str]:
    """The files among these that are there and are not what was noted of them."""
    known = noted(folder)
    return [
        name
        for name in names
        if (folder / name).exists() and name in known and not _is_same(folder / name, known[name])
    ]


def noted(folder: Path) -> Mapping[str, str]:
    """What is noted, by names of files; nothing where there are no notes.

    Raises:
        Invalid: if they are damaged: nobody knows then whether the files beside them are.
    """
    path = folder / FILE
    if not os.path.lexists(path):
        return {}
    remedy = "give the command that made the files beside it again"
    found: Mapping[str, Any] = read_json(path, what="list of digests", remedy=remedy)
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
