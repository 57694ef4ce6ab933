"""Characters drawn in Debian's fonts; whole families of fonts are kept for testing."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

PACKAGES = (
    "fonts-adf-accanthis fonts-adf-baskervald fonts-adf-gillius fonts-adf-romande "
    "fonts-adf-universalis fonts-aenigma fonts-breip fonts-cabin fonts-comfortaa "
    "fonts-comic-neue fonts-courier-prime fonts-dancingscript fonts-dejavu fonts-dkg-handwriting "
    "fonts-dustin fonts-ebgaramond fonts-ecolier-court fonts-femkeklaver fonts-fantasma "
    "fonts-freefont-ttf fonts-georgewilliams fonts-gfs-artemisia fonts-inconsolata fonts-isabella "
    "fonts-junction fonts-junicode fonts-kaushanscript fonts-kristi fonts-lato fonts-leckerli-one "
    "fonts-liberation fonts-linuxlibertine fonts-lobster fonts-ocr-a fonts-oldstandard "
    "fonts-play fonts-quattrocento fonts-radisnoir fonts-rufscript fonts-staypuft "
    "fonts-summersby fonts-vollkorn"
)
CHARACTERS = "ABDEGHKMNQRabdeghkmnqrt2345678&@?"
SIDE = 64
# Fonts of symbols draw something else for letters, or one box for all of them.
LEAST_DIFFERENT = 0.9


@dataclass(frozen=True)
class Glyph:
    font: Path
    character: str
    image: Image.Image


def divided(root: Path, *, test_share: float) -> Iterator[tuple[str, Glyph]]:
    """("train" or "test", glyph), each in colours of its own; a family of fonts is on one side."""
    for path in sorted(p for p in root.rglob("*") if p.suffix.lower() in (".ttf", ".otf", ".pfb")):
        if path.is_symlink():
            continue
        glyphs = _drawn(path)
        if len({glyph.image.tobytes() for glyph in glyphs}) < LEAST_DIFFERENT * len(CHARACTERS):
            continue
        side = (
            "test" if _share(path.parent.name + path.stem.split("-")[0]) < test_share else "train"
        )
        yield from ((side, glyph) for glyph in glyphs)


def _drawn(path: Path) -> list[Glyph]:
    try:
        font = ImageFont.truetype(str(path), 40)
        return [Glyph(path, character, _draw(font, path, character)) for character in CHARACTERS]
    except (OSError, ValueError):
        return []


def _draw(font: ImageFont.FreeTypeFont, path: Path, character: str) -> Image.Image:
    rng = np.random.default_rng(zlib.crc32(f"{path.name} {character}".encode()))
    paper, ink = rng.integers(0, 256, (2, 3))
    while abs(int(paper.sum()) - int(ink.sum())) < 150:  # is not seen
        paper, ink = rng.integers(0, 256, (2, 3))
    image = Image.new("RGB", (SIDE, SIDE), tuple(paper.tolist()))
    left, top, right, bottom = font.getbbox(character)
    if not 4 <= right - left <= 2 * SIDE or not 4 <= bottom - top <= 2 * SIDE:
        raise ValueError(character)
    spare = SIDE - np.array([right - left, bottom - top])
    x, y = np.minimum(spare / 2, 0) + rng.random(2) * np.maximum(spare, 0)
    ImageDraw.Draw(image).text((x - left, y - top), character, font=font, fill=tuple(ink.tolist()))
    return image


def _share(name: str) -> float:
    return int(hashlib.sha256(name.lower().encode()).hexdigest()[:8], 16) / 16**8
