"""Files appear whole or not at all: written beside their place, then renamed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, TypeVar

from escalade.artefacts.texts import MOST_STORED, parse_json, read_text
from escalade.core.values.codec import decode, encode
from escalade.core.values.invalid import Invalid

T = TypeVar("T")


def write_atomically(
    path: Path, write: Callable[[IO[bytes]], object], *, beside: Path | None = None
) -> None:
    """Write a file so that readers and crashes see all of it or nothing.

    Args:
        path: the file; its folder is made where it is missing.
        write: gets the open file.
        beside: where it is written first, in the same folder; by default in this process's own
            file, so that others may write at the same time.

    Raises:
        OSError: naming `path`, for a full disk or no permission; what stood there is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = beside or path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        beside.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically, making its folder where it is missing.

    Raises:
        OSError: naming `path`, for a full disk or no permission; what stood there is untouched.
    """
    beside = path.with_name(f".{path.name}.part")  # one writer: a killed one's is replaced
    write_atomically(path, lambda file: file.write(content), beside=beside)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text with plain newlines atomically; what UTF-8 cannot hold becomes `?`."""
    write_bytes(path, text.encode(errors="replace"))


def write_json(path: Path, data: Any) -> None:
    """Write JSON atomically, keys in the order given, so that equal values are equal bytes."""
    write_text(path, json.dumps(encode(data), indent=2, allow_nan=False) + "\n")


def read_json(path: Path, *, what: str, remedy: str) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        path: of the file.
        what: it should be, for messages.
        remedy: what makes it.

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
