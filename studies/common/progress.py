"""Progress of a study, as lines of a log."""

from __future__ import annotations

import time
from collections.abc import Callable

from common.lab import Progress

SAY_SECONDS = 20.0
Say = Callable[[str], None]


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
