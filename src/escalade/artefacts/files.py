"""Files appear whole or not at all: written beside their place, then renamed."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, TypeVar

from escalade.artefacts import locks
from escalade.artefacts.texts import MOST_STORED, parse_json, read_text
from escalade.core.values.codec import decode, encode
from escalade.core.values.invalid import Invalid

T = TypeVar("T")
_PART = re.compile(r"\.part-[0-9a-f]{16}-.")
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)  # Windows has none


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file so that readers, crashes and power cuts see all of it or nothing.

    It is written under a name that nobody else has or can guess, locked until it has its own, and
    a link in its place is replaced, not followed.

    Args:
        path: the file; its folder is made where it is missing.

    Raises:
        OSError: naming `path`, for a full disk or no permission; what stood there is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle, part = _new_part(path)
        try:
            with locks.kept(handle):
                with open(handle, "wb") as file:  # noqa: PTH123
                    write(file)
                    file.flush()
                    os.fsync(handle)
                os.replace(part, path)  # noqa: PTH105
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    _sync(path.parent)


def append_line(path: Path, line: str) -> None:
    """Add a line to a text file; a kill may tear it, and links are not followed.

    Raises:
        OSError: naming `path`.
    """
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _NOFOLLOW, 0o666)
    with open(handle, "a", encoding="utf-8", newline="\n") as file:  # noqa: PTH123
        file.write(f"{line}\n")


def is_part(name: str) -> bool:
    """Whether a file of this name is what a killed process was writing."""
    return _PART.match(name) is not None


def sweep(folder: Path) -> None:
    """Delete what killed processes were writing, at any depth; what others write there stays."""
    for inside, _, names in os.walk(folder):
        for name in filter(is_part, names):
            with suppress(OSError):
                locks.delete_abandoned(Path(inside, name))


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically, making its folder where it is missing.

    Raises:
        OSError: naming `path`, for a full disk or no permission; what stood there is untouched.
    """
    write_atomically(path, lambda file: file.write(content))


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with plain newlines atomically; what UTF-8 cannot hold becomes `?`."""
    write_bytes(path, text.encode(errors="replace"))


def write_json(path: Path, data: Any) -> None:
    """Write JSON atomically, keys in the order given, so that equal values are equal bytes."""
    write_text(path, json.dumps(encode(data), indent=2, allow_nan=False) + "\n")


def read_json(path: Path, *, what: str, remedy: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        Invalid: if the file is missing, is no JSON or holds no object.
    """
    data = _load(path, what=what, remedy=remedy)
    if not isinstance(data, dict):
        raise _damaged(path, "no JSON object", what=what, remedy=remedy)
    return data


def read_value(kind: type[T], path: Path, *, what: str, remedy: str) -> T:
    """Read what `write_json` made of a value.

    Raises:
        Invalid: if the file is missing or damaged; or at the path of a field that is wrong.
    """
    data = _load(path, what=what, remedy=remedy)
    try:
        return decode(kind, data)
    except Invalid as error:
        found = error.inside(str(path))
        raise Invalid(found.problem, path=found.path, remedy=f"delete it and {remedy}") from None


def _load(path: Path, *, what: str, remedy: str) -> Any:
    """What a JSON file holds; what is no number (NaN) is read as None."""
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise Invalid("is no file", path=(str(path),), remedy=f"remove it and {remedy}")
        return parse_json(read_text(path, most=MOST_STORED))
    except Invalid as error:
        damaged = _damaged(path, error.problem, what=what, remedy=remedy)
        raise (error if error.path else damaged) from None
    except FileNotFoundError:
        raise Invalid(f"there is no {what} here", path=(str(path),), remedy=remedy) from None
    except ValueError as error:
        raise _damaged(path, str(error), what=what, remedy=remedy) from None


def _damaged(path: Path, why: str, *, what: str, remedy: str) -> Invalid:
    return Invalid(f"not a {what} ({why})", path=(str(path),), remedy=f"delete it and {remedy}")


def _new_part(path: Path) -> tuple[int, Path]:
    """A new file beside a path, that whoever sweeps there leaves alone."""
    while True:
        part = path.with_name(f".part-{secrets.token_hex(8)}-{path.name}")
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NOFOLLOW, 0o666)
        if locks.lock_new(handle, part):
            return handle, part
        os.close(handle)


def _sync(folder: Path) -> None:
    """Have a folder's names on the disk, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
