"""Images that can be opened by number, and one of them as a square of bytes."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from escalade.data.decoding.decoding import FULL_LEVELS, MOST_PIXELS, Levels, num_pixels, to_square

_SYSTEMS = {
    getattr(errno, name)
    for name in ("EACCES", "EPERM", "EIO", "ESTALE", "ETIMEDOUT", "ENOTCONN", "EMFILE", "ENFILE")
}


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


@dataclass(frozen=True, kw_only=True)
class Source:
    """Images that can be opened by number.

    Attributes:
        read: gives an image (which is closed here) and its label.
        label: what to call an image in a message.
        check: raises ValueError for a decoded image that is of no use.
        look: looks at all images, once a decode, and gives JSON values to keep beside them.
        levels: of these values, which of more than eight bits become 0 and 255.
        confirm: called when some images are decoded; raises if they are not what they were.
    """

    num: int
    read: Callable[[int], tuple[Image.Image, int]]
    label: Callable[[int], str]
    check: Callable[[NDArray[np.uint8]], None] = lambda _: None
    look: Callable[[], Mapping[str, Any]] = dict
    levels: Callable[[Mapping[str, Any]], Levels] = lambda _: FULL_LEVELS
    confirm: Callable[[range], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class DecodedRow:
    """An image's pixels, uint8 (C, side, side), and its label; or blank, and why."""

    pixels: NDArray[np.uint8]
    label: int
    problem: str | None = None


class RowDecoder:
    """Decodes images of a source; any number of threads may call it.

    Args:
        in_channels: 1 or 3.
    """

    def __init__(self, source: Source, *, side: int, in_channels: int, levels: Levels) -> None:
        self.source = source
        self.shape = (in_channels, side, side)
        self._levels = levels
        self._room = PixelRoom(MOST_PIXELS)

    def __call__(self, row: int) -> DecodedRow:
        """One image; whatever is wrong with it is its problem.

        Raises:
            ValueError: if it is the system that cannot read it, which says nothing about it.
        """
        in_channels, side, _ = self.shape
        label = 0
        try:
            image, label = self.source.read(row)
            with image, self._room.held(num_pixels(image, side)):
                pixels = to_square(image, side=side, in_channels=in_channels, levels=self._levels)
            self.source.check(pixels)
        except Exception as error:  # Pillow raises nearly anything for a damaged file
            if isinstance(error, OSError) and error.errno in _SYSTEMS:
                raise ValueError(
                    f"may not read the image {self.source.label(row)}: {_reason(error).lower()}; "
                    "make it readable or move it away"
                ) from error
            return DecodedRow(np.zeros(self.shape, np.uint8), label, _reason(error))
        return DecodedRow(pixels, label)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error).splitlines()[0] if str(error) else type(error).__name__
