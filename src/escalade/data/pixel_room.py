"""A bound on what threads decode at once, by what it takes and not by how many they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class PixelRoom:
    """Room for so many pixels; whoever holds some keeps others waiting.

    Args:
        num_pixels: for all at once; more than that is held alone.
    """

    def __init__(self, num_pixels: int) -> None:
        self._size = num_pixels
        self._used = 0
        self._changed = Condition()

    @contextmanager
    def held(self, num_pixels: int) -> Iterator[None]:
        """Hold some room, waiting for it."""
        wanted = min(num_pixels, self._size)
        with self._changed:
            self._changed.wait_for(lambda: self._used + wanted <= self._size)
            self._used += wanted
        try:
            yield
        finally:
            with self._changed:
                self._used -= wanted
                self._changed.notify_all()
