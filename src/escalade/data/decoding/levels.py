"""Which values of images of more than eight bits are black and white: one range a data set.

A range of each image's own would take from it what tells dark from bright; the range of the file
format leaves 12 bits in 16 with 17 levels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from escalade.data.decoding.decoding import (
    FULL_LEVELS,
    MOST_PIXELS,
    Levels,
    bands,
    deep_kind,
    is_wide,
    joined,
    lower_bytes,
    num_pixels,
)

SAMPLE = 2**16  # pixels of an image that tell where most of them are
MOST_OF_THEM = 0.999
NARROW = 1 / 16  # most pixels within this share of the range: sixteen levels for them
_WORDS = {"integers": "whole numbers", "floats": "other numbers"}


@dataclass(kw_only=True)
class Extent:
    """What the values of images are: the least, the largest, and what nearly all stay below."""

    num: int = 0
    low: float = np.inf
    high: float = -np.inf
    most: float = -np.inf

    def add(self, image: Image.Image, lower: Image.Image | None = None) -> None:
        """Take in an image of more than eight bits; one that is not finite is left alone.

        Args:
            lower: of colours of 16 bits, their lower bytes.
        """
        image.load()
        values = [np.asarray(band) for _, band in bands(image)]
        if lower is not None:
            pairs = zip(bands(image), bands(lower), strict=True)
            values = [joined(upper, below)[..., :3] for (_, upper), (_, below) in pairs]
        low, high = (float(f([f(v) for v in values])) for f in (np.min, np.max))
        if not np.isfinite((low, high)).all():
            return
        step = -(-image.width * image.height // SAMPLE)
        sample = np.concatenate([v.ravel()[::step] for v in values])
        self.num += 1
        self.low, self.high = min(self.low, low), max(self.high, high)
        self.most = max(self.most, float(np.quantile(sample, MOST_OF_THEM)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """What the images of a data set are beyond eight bits."""

    levels: Levels = field(default_factory=lambda: FULL_LEVELS)
    remarks: tuple[str, ...] = ()


def find_depth(
    rows: Iterable[int],
    read: Callable[[int], Image.Image],
    *,
    given: tuple[float, float] | None = None,
) -> Depth:
    """Look at every image for more than eight bits; what cannot be read, decoding reports.

    Args:
        given: which values are black and white, whatever there is.
    """
    extents = {kind: Extent() for kind in FULL_LEVELS}
    cut = 0
    for row in rows:
        try:
            with read(row) as image:
                if num_pixels(image, 1) > MOST_PIXELS:
                    continue
                kind = "integers" if is_wide(image) else deep_kind(image)
                cut += kind is None and _is_cut(image)
                if kind is not None:
                    extents[kind].add(image, lower_bytes(image))
        except Exception:  # Pillow raises nearly anything for a damaged file
            continue
    levels, remarks = dict(FULL_LEVELS), []
    for kind, extent in extents.items():
        if extent.num:
            levels[kind] = given or natural(extent.low, extent.high, kind=kind)
            remarks += _remarks(kind, extent, levels[kind], is_given=given is not None)
    if cut:
        remarks.append(
            f"{cut} image{'s' if cut > 1 else ''} of 16 bits a channel, of which the upper eight "
            "alone can be read, whatever dataset.levels says; dark ones become nearly black"
        )
    return Depth(levels=levels, remarks=tuple(remarks))


def natural(low: float, high: float, *, kind: str) -> tuple[float, float]:
    """The range that values are likely meant in, where they fill half of it; else their own.

    Whole numbers are of so many bits, eight or more; others are shares, or bytes.
    """
    tops = [2**bits - 1 for bits in range(8, 33)] if kind == "integers" else [1, 255]
    top = next((top for top in tops if high <= top), high)
    if low >= 0 and high - low >= top / 2 and top in tops:
        return 0.0, float(top)
    return low, high


def _is_cut(image: Image.Image) -> bool:
    """Whether an image has 16 bits a channel, of which Pillow reads eight."""
    tiles = getattr(image, "tile", ())
    return any(";16" in str(tile[3]) for tile in tiles)


def _remarks(
    kind: str, extent: Extent, levels: tuple[float, float], *, is_given: bool
) -> list[str]:
    low, high = levels
    told = [
        f"{extent.num} image{'s' if extent.num > 1 else ''} of {_WORDS[kind]} from {extent.low:g} "
        f"to {extent.high:g}: {low:g} becomes black and {high:g} white"
    ]
    if not is_given and extent.most - low < NARROW * (high - low):
        told.append(
            f"nearly all of these pixels are below {extent.most:g}, so most levels stay empty; "
            f"dataset.levels=[{low:g},{extent.most:g}] would spread them"
        )
    return told
