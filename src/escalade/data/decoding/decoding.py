"""One image of any kind to a square of bytes.

It goes into a member's `model.py`, so it imports numpy and Pillow alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

# While it is decoded an image takes up to 12 bytes a pixel: one GiB.
MOST_PIXELS = 2**30 // 12
BAND_PIXELS = 2**20  # converted at a time
# Which values become 0 and 255 in images of more than eight bits, of whole numbers and of others.
Levels = Mapping[str, tuple[float, float]]
FULL_LEVELS: Levels = {"integers": (0.0, 65535.0), "floats": (0.0, 1.0)}
_WEIGHTS = {"JPEG2000": 3, "AVIF": 2, "WEBP": 2}  # decoders that hold more than the image
_ALPHA_MODES = ("RGBA", "RGBa", "LA", "La", "PA")
_DEEP_MODES = ("I", "F")
_GREY_MODES = ("1", "L", "LA", "La")
# Of colour images of 16 bits a channel Pillow reads one byte each, by how it is told they lie:
# the upper one as they do lie, the lower one in the other order.
_WIDE = ("RGB;16", "RGBA;16")
_OTHER = {"L": "B", "B": "L", "N": "B" if sys.byteorder == "little" else "L"}


def to_square(
    image: Image.Image, *, side: int, in_channels: int, levels: Levels = FULL_LEVELS
) -> NDArray[np.uint8]:
    """Decode an image to uint8 (C, side, side).

    The orientation its EXIF data name is applied, transparency is laid on white, more than
    8 bits are scaled. The shorter side is resized to `side` (bilinear with antialias) and the
    centre is cropped.

    Args:
        image: opened, not loaded.
        side: height and width.
        in_channels: 1 or 3.
        levels: which values of more than eight bits become 0 and 255; others are clipped.

    Raises:
        ValueError: if the image is too large, or holds values that are not finite.
        Exception: whatever Pillow raises for a damaged file.
    """
    if num_pixels(image, side) > MOST_PIXELS:
        width, height = image.size
        raise ValueError(f"{width} x {height} pixels are more than can be decoded in one GiB")
    image.draft(None, (2 * side, 2 * side))  # JPEG: decode at a fraction where that is enough
    lower = lower_bytes(image)
    image.load()
    for each in (image, lower):
        if each is not None:
            ImageOps.exif_transpose(each, in_place=True)
    flat = _flat(image, "L" if in_channels == 1 else "RGB", levels, lower)
    width, height = flat.size
    short = min(width, height)
    left, top = (width - short) / 2, (height - short) / 2
    box = (left, top, left + short, top + short)
    array = np.asarray(flat.resize((side, side), Image.Resampling.BILINEAR, box=box))
    return np.ascontiguousarray(array.reshape(side, side, in_channels).transpose(2, 0, 1))


def num_pixels(image: Image.Image, side: int) -> int:
    """How many pixels' memory decoding takes of an image that is not loaded.

    A JPEG decodes at a fraction where that is enough; a progressive one holds all it has before.
    """
    width, height = image.size
    if image.format not in ("JPEG", "MPO"):
        return width * height * _WEIGHTS.get(image.format or "", 1)
    least = min(width, height) // (2 * side)
    fraction = next((by for by in (8, 4, 2) if by <= least), 1)
    held = width * height // 2 if image.info.get("progressive") else 0
    return -(-width // fraction) * -(-height // fraction) + held


def is_grey(image: Image.Image) -> bool:
    """Whether the image's mode (or palette) holds grey only; pixels are not looked at."""
    if image.mode in ("P", "PA"):
        colours = np.asarray(image.getpalette("RGB") or []).reshape(-1, 3)
        return bool((colours == colours[:, :1]).all())
    return image.mode in _GREY_MODES or deep_kind(image) is not None


def deep_kind(image: Image.Image) -> str | None:
    """Which of the levels the image has, None where eight bits a channel are all."""
    if image.mode not in _DEEP_MODES and not image.mode.startswith("I;"):
        return None
    return "floats" if image.mode == "F" else "integers"


def lower_bytes(image: Image.Image) -> Image.Image | None:
    """The lower bytes of a colour image of 16 bits a channel, of which Pillow reads the upper.

    Args:
        image: of a file, not loaded.

    Returns:
        The loaded image of them; None where eight bits are all, or they cannot be read.
    """
    if not is_wide(image):
        return None
    lower: Any = Image.open(getattr(image, "filename", ""), formats=[str(image.format)])
    lower.tile = [(*tile[:3], _turned(tile[3])) for tile in lower.tile]
    lower.load()
    assert isinstance(lower, Image.Image)
    return lower


def is_wide(image: Image.Image) -> bool:
    """Whether an image of a file, not loaded, has colours of 16 bits whose lower bytes can be read
    too."""
    tiles = getattr(image, "tile", ())
    is_file = bool(getattr(image, "filename", ""))
    return is_file and bool(tiles) and all(_raw(tile[3])[:-1] in _WIDE for tile in tiles)


def joined(upper: Image.Image, lower: Image.Image) -> NDArray[np.uint16]:
    """Whole values of 16 bits, (height, width, channels), of loaded upper and lower bytes."""
    high, low = (np.asarray(each).astype(np.uint16) for each in (upper, lower))
    whole: NDArray[np.uint16] = np.bitwise_or(np.left_shift(high, np.uint16(8)), low)
    return whole


def bands(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """A loaded image in bands of rows from the top, each with the number of its first row."""
    rows = max(1, BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _raw(arguments: Any) -> str:
    """How bytes lie, by what a decoder is told."""
    return str(arguments if isinstance(arguments, str) else arguments[0])


def _turned(arguments: Any) -> Any:
    """What a decoder is told, with the bytes of each value in the other order."""
    raw = _raw(arguments)
    other = raw[:-1] + _OTHER[raw[-1]]
    return other if isinstance(arguments, str) else (other, *arguments[1:])


def _flat(image: Image.Image, mode: str, levels: Levels, lower: Image.Image | None) -> Image.Image:
    """The image in a mode without alpha and with 8 bits a channel."""
    if lower is None and image.mode == mode and "transparency" not in image.info:
        return image
    flat = Image.new(mode, image.size)
    for top, band in bands(image):
        if lower is not None:
            below = lower.crop((0, top, image.width, top + band.height))
            band = _narrow(joined(band, below), *levels["integers"])
        flat.paste(_opaque(band, levels).convert(mode), (0, top))
    return flat


def _opaque(image: Image.Image, levels: Levels) -> Image.Image:
    kind = deep_kind(image)
    if kind is not None:
        return Image.fromarray(_to_bytes(np.asarray(image), *levels[kind]))
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image


def _narrow(values: NDArray[np.uint16], low: float, high: float) -> Image.Image:
    """Colours of 16 bits as eight by levels; what is transparent stays so."""
    colours = _to_bytes(values[..., :3], low, high)
    return Image.fromarray(np.concatenate([colours, (values[..., 3:] >> 8).astype(np.uint8)], 2))


def _to_bytes(values: NDArray[np.generic], low: float, high: float) -> NDArray[np.uint8]:
    wide = values.astype(np.float64)
    if not np.isfinite(wide).all():
        raise ValueError("it holds values that are not finite")
    scaled = (wide - low) * (255 / max(high - low, 1e-12))
    clipped: NDArray[np.uint8] = np.rint(scaled.clip(0, 255)).astype(np.uint8)
    return clipped
