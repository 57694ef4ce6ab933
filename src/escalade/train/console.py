"""What a run tells people while it works: lines on stderr, a live line on a terminal."""

from __future__ import annotations

import io
import shutil
import sys
import time

from rich.console import Console as RichConsole
from rich.table import Table

from escalade.core.numbers.shown import duration, percent
from escalade.core.values.plain import plain
from escalade.train.live_line import END_OF_LINE, is_live
from escalade.train.metrics import Progress

LINE_SECONDS = 15.0
WIDEST = 1000  # of tables


class Console:
    """Progress of one run. On a terminal the last line is rewritten; in a log lines are rare.

    A run goes on where nobody can read what it tells any more.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._live = is_live()
        self._last = time.monotonic()
        self._open = False

    def say(self, text: str) -> None:
        self._write(f"{self._end_line()}{plain(text)}\n")

    def show(self, table: Table) -> None:
        """A table that stays, as wide as it is: a narrow terminal wraps its lines."""
        shown = io.StringIO()
        RichConsole(file=shown, width=WIDEST, force_terminal=self._live).print(table)
        self._write(self._end_line() + shown.getvalue())

    def update(self, text: str) -> None:
        """A passing line: rewritten on a terminal, thinned out in a log."""
        if self._live:
            width = shutil.get_terminal_size().columns - 1  # what is wrapped cannot be rewritten
            self._write(f"{END_OF_LINE}{plain(text)[:width]}")
            self._open = True
        elif time.monotonic() - self._last >= LINE_SECONDS:
            self._last = time.monotonic()
            self._write(f"{plain(text)}\n")

    def _end_line(self) -> str:
        was_open, self._open = self._open, False
        return END_OF_LINE if was_open else ""

    def _write(self, text: str) -> None:
        if self._quiet:
            return
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except (OSError, ValueError, AttributeError):
            self._quiet = True

    def training(self, name: str, progress: Progress) -> None:
        share = progress.step / progress.num_steps
        self.update(
            f"{name}: step {progress.step} of {progress.num_steps} ({percent(share, digits=0)}), "
            f"loss {progress.loss:.3f}, {progress.images_per_second:,.0f} images/s, "
            f"{duration(progress.seconds_left)} left"
        )
