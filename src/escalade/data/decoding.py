"""One image of any kind to a square of bytes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

_ALPHA_MODES = ("RGBA", "RGBa", "LA", "La", "PA")
_DEEP_MODES = ("I", "F")
_GREY_MODES = ("1", "L", "LA", "La")


def to_square(image: Image.Image, *, side: int, in_channels: int) -> NDArray[np.uint8]:
    """Decode an image to uint8 (C, side, side).

    The orientation its EXIF data name is applied, transparency is laid on white, more than
    8 bits are scaled. The shorter side is resized to `side` (bilinear with antialias) and the
    centre is cropped.

    Raises:
        Exception: whatever Pillow raises for a damaged file.
    """
    image.draft(None, (2 * side, 2 * side))  # JPEG: decode at a fraction where that is enough
    image.load()
    ImageOps.exif_transpose(image, in_place=True)
    flat = _opaque(image).convert("L" if in_channels == 1 else "RGB")
    width, height = flat.size
    short = min(width, height)
    left, top = (width - short) / 2, (height - short) / 2
    box = (left, top, left + short, top + short)
    array = np.asarray(flat.resize((side, side), Image.Resampling.BILINEAR, box=box))
    return np.ascontiguousarray(array.reshape(side, side, in_channels).transpose(2, 0, 1))


def is_grey(image: Image.Image) -> bool:
    """Whether the image's mode (or palette) holds grey only; pixels are not looked at."""
    if image.mode in ("P", "PA"):
        colours = np.asarray(image.getpalette("RGB") or []).reshape(-1, 3)
        return bool((colours == colours[:, :1]).all())
    return image.mode in _GREY_MODES or _is_deep(image)


def _is_deep(image: Image.Image) -> bool:
    return image.mode in _DEEP_MODES or image.mode.startswith("I;")


def _opaque(image: Image.Image) -> Image.Image:
    """The image without alpha and with 8 bits a channel, in any colour mode."""
    if _is_deep(image):
        return Image.fromarray(_to_bytes(np.asarray(image)))
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        image = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image


def _to_bytes(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Scale to 0..255: 16 bits by their full range, floats in 0..1 by 255, others by their own."""
    wide = values.astype(np.float64)
    if not np.isfinite(wide).all():
        raise ValueError("it holds values that are not finite")
    low, high = 0.0, 65535.0
    if values.dtype.kind == "f":
        high = 1.0 if wide.max() <= 1 else 255.0
    if wide.min() < low or wide.max() > high:
        low, high = float(wide.min()), float(wide.max())
    return np.rint((wide - low) * (255 / max(high - low, 1e-12))).astype(np.uint8)
