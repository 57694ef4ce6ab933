"""What a run tells people while it works: lines on stderr, a live line on a terminal."""

from __future__ import annotations

import sys
import time

from rich.console import Console as RichConsole
from rich.table import Table

from escalade.core.values.plain import plain
from escalade.train.metrics import Progress

LINE_SECONDS = 15.0
WIDTH = 160  # of tables where there is no terminal


class Console:
    """Progress of one run. On a terminal the last line is rewritten; in a log lines are rare."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live = sys.stderr.isatty()
        self._last = time.monotonic()
        self._open = False

    def say(self, text: str) -> None:
        """A line that stays."""
        if self._quiet:
            return
        self._end_line()
        sys.stderr.write(f"{plain(text)}\n")
        sys.stderr.flush()

    def show(self, table: Table) -> None:
        """A table that stays."""
        if not self._quiet:
            self._end_line()
            width = None if self._live else WIDTH
            RichConsole(stderr=True, width=width).print(table)

    def _end_line(self) -> None:
        if self._open:
            sys.stderr.write("\r\x1b[K")
        self._open = False

    def update(self, text: str) -> None:
        """A passing line: rewritten on a terminal, thinned out in a log."""
        if self._quiet:
            return
        if self._live:
            sys.stderr.write(f"\r\x1b[K{plain(text)}")
            sys.stderr.flush()
            self._open = True
        elif time.monotonic() - self._last >= LINE_SECONDS:
            self._last = time.monotonic()
            sys.stderr.write(plain(text) + "\n")
            sys.stderr.flush()

    def training(self, name: str, progress: Progress) -> None:
        """One training's progress."""
        share = progress.step / progress.num_steps
        self.update(
            f"{name}: step {progress.step} of {progress.num_steps} ({share:.0%}), "
            f"loss {progress.loss:.3f}, {progress.images_per_second:,.0f} images/s, "
            f"{duration(progress.seconds_left)} left"
        )


def duration(seconds: float) -> str:
    """Seconds for people: 40 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
