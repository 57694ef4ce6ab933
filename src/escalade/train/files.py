"""Files appear whole or not at all: written beside their place, then renamed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO


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
