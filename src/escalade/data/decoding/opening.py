"""Image files: the formats that are read, and what is wrong with a file that cannot be.

It goes into a member's `model.py`, so it imports Pillow alone.
"""

from __future__ import annotations

import importlib
import re
import warnings
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path

from PIL import Image, UnidentifiedImageError

# No others: some of Pillow's start a program, such as Ghostscript, to read a file.
FORMATS = (
    *("PNG", "JPEG", "JPEG2000", "WEBP", "BMP", "DIB", "GIF", "ICO"),
    *("TIFF", "TGA", "PCX", "SGI", "PPM", "QOI", "AVIF", "HEIF"),
)
# Names of files; formats that are not read are here too, so that such files are told of.
_READ = (
    ".png .apng .jpg .jpeg .jpe .jfif .mpo .jp2 .j2k .webp .bmp .dib .gif .ico .tif .tiff .tga "
    ".pcx .sgi .ppm .pgm .pbm .pnm .qoi .avif .heic .heif"
)
SUFFIXES = frozenset(_READ.split())
# Formats that Pillow, or an older one, reads with another package, which is loaded if it is there.
PACKAGES = {"HEIF": "pillow_heif", "AVIF": "pillow_avif"}
_BRANDS = {
    "AVIF": (b"avif", b"avis"),
    "HEIF": (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"),
}
_SIGNATURES = (
    *(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*"),
    *(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51", b"qoif"),
)
# Two bytes begin many files: what follows must look right, too.
_SHORT = (
    re.compile(rb"BM....\0{4}....[\x0c\x28\x34\x38\x40\x6c\x7c]", re.DOTALL),  # BMP
    re.compile(rb"P[1-6]\s+(?:\d|#)"),  # PPM and its kind
    re.compile(rb"\0\0\x01\0[\x01-\xff]\0...\0", re.DOTALL),  # ICO, of some pictures
)


def open_image(path: Path) -> Image.Image:
    """Open an image file; its pixels are not read yet.

    Raises:
        OSError: if it cannot be read, saying why.
        Exception: whatever Pillow raises for a damaged file.
    """
    try:
        return Image.open(path, formats=formats())
    except UnidentifiedImageError:
        raise OSError(_unknown(path)) from None


def looks_like_image(path: Path) -> bool:
    """Whether a file begins as images do, whatever it is called."""
    try:
        head = _head(path)
    except OSError:
        return False
    is_riff = head[:4] == b"RIFF" and head[8:12] == b"WEBP"
    is_short = any(pattern.match(head) for pattern in _SHORT)
    return head.startswith(_SIGNATURES) or is_riff or is_short or _brand(head) is not None


def quiet() -> AbstractContextManager[object]:
    """No warnings of Pillow's, which are about files that are odd but readable, or large."""
    return warnings.catch_warnings(action="ignore")


@cache
def formats() -> tuple[str, ...]:
    """Those that are read here and now."""
    Image.init()
    for name, package in PACKAGES.items():
        if name not in Image.OPEN:
            try:
                plugin = importlib.import_module(package)
            except ImportError:
                continue
            getattr(plugin, "register_heif_opener", lambda: None)()
    return tuple(name for name in FORMATS if name in Image.OPEN)


def _unknown(path: Path) -> str:
    """Why nothing could open a file."""
    head = _head(path)
    brand = _brand(head)
    if not head:
        return "the file is empty"
    if brand is None:
        return "not an image that can be read"
    if brand in formats():
        return f"damaged {brand}"
    package = PACKAGES[brand].replace("_", "-")
    return f"{brand}, which Pillow reads with the package {package} (pip install {package})"


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(16)


def _brand(head: bytes) -> str | None:
    """The format of a file of the MPEG family, None of others."""
    if head[4:8] != b"ftyp":
        return None
    return next((name for name, brands in _BRANDS.items() if head[8:12] in brands), None)
