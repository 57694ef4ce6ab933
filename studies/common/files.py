"""Results of units of work, as files: what is there is not done again; and lines of the log."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from common.lab import Progress, read_json, write_json

SAY_SECONDS = 20.0
Say = Callable[[str], None]
SEEDS = range(20)  # whose results are looked for


def read(path: Path) -> dict[str, Any] | None:
    """A unit's result, None while it is not done.

    Raises:
        ValueError: if there is a file that no unit has written.
    """
    if not path.exists():
        return None
    return read_json(path, what="result", remedy="give the command again")


def once(path: Path, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A unit's result: read where it is done, else made and written."""
    if (known := read(path)) is not None:
        return known
    found = make()
    write_json(path, found)
    return found


def slug(name: str) -> str:
    """A name in a table, as the name of a file."""
    return "-".join(name.replace(",", "").replace("'", "").split())


def plain(value: Any) -> Any:
    """The same for JSON: nan becomes null."""
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


class Said:
    """A line every 20 seconds at most."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def __call__(self, line: str) -> None:
        if time.monotonic() - self._last >= SAY_SECONDS:
            self._last = time.monotonic()
            print(line, flush=True)


def describe(name: str, progress: Progress) -> str:
    """One training's progress in a line."""
    return (
        f"{name}: step {progress.step} of {progress.num_steps}, loss {progress.loss:.3f}, "
        f"{progress.images_per_second:,.0f} images/s, {progress.seconds_left:.0f} s left"
    )
