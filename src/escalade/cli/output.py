"""JSON goes alone to stdout, everything else to stderr."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any


def open_streams() -> None:
    """Put nothing in the place of streams that are closed.

    Else the next file that is opened would get their messages.
    """
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number, this one
            if name != "stdout":  # who wants an answer is told that it cannot be given
                setattr(sys, name, Path(os.devnull).open(mode))  # noqa: SIM115


def write_json(data: Any) -> None:
    """Print one JSON document.

    Raises:
        OSError: if nobody can have it.
    """
    if sys.stdout is None:
        raise OSError("stdout is closed: there is nowhere to write the answer to")
    sys.stdout.write(json.dumps(data, indent=2) + "\n")
    sys.stdout.flush()


def write_line(text: str) -> None:
    """Print a line for people, if anybody is there."""
    write_text(f"{text}\n")


def write_text(text: str) -> None:
    """Print lines for people, if anybody is there."""
    with suppress(OSError, ValueError):
        sys.stderr.write(text)
        sys.stderr.flush()
