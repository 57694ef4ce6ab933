"""The files of a run, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from escalade.train.files import write_atomically


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
    write_text(path, json.dumps(data, indent=2, allow_nan=False) + "\n")


def read_json(path: Path, *, what: str, remedy: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        ValueError: if the file is missing, is no JSON or holds no object; says `what` it should
            be and the `remedy`.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(f"{path}: there is no {what} here; {remedy}") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: not a {what} ({error}); delete it and {remedy}") from None
    if not isinstance(data, dict):
        raise ValueError(f"{path}: not a {what} (no JSON object); delete it and {remedy}")
    return data
