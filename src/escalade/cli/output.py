"""JSON goes alone to stdout, everything else to stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from escalade.core.values.plain import plain
from escalade.train.live_line import END_OF_LINE, is_live


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
    write_text(f"{text}\n")


def write_text(text: str) -> None:
    _tell(plain(text))


@contextmanager
def passing(text: str) -> Iterator[None]:
    """On a terminal, show a line while the body runs."""
    if is_live():
        _tell(plain(text))
    try:
        yield
    finally:
        if is_live():
            _tell(END_OF_LINE)


def write_last_line(text: str) -> None:
    """Print a line for people in the place of one that a run is rewriting."""
    _tell(last_line(text))


def last_line(text: str) -> str:
    """What prints a line in the place of one that a run is rewriting."""
    return f"{END_OF_LINE if is_live() else ''}{plain(text)}\n"


def _tell(text: str) -> None:
    with suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(text)
        sys.stderr.flush()


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of aligned columns; the first column is names, the others are numbers."""
    cells = [list(header), *(list(row) for row in rows)]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    lines = []
    for name, *numbers in cells:
        right = (cell.rjust(width) for cell, width in zip(numbers, widths[1:], strict=True))
        lines.append("  ".join([name.ljust(widths[0]), *right]).rstrip())
    return lines
