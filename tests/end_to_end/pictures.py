"""Folders of pictures as users have them: several formats, modes, sizes and aspect ratios."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

SUFFIXES = (".png", ".jpg", ".bmp", ".webp", ".gif", ".tif")
MODES = {".png": ("RGB", "RGBA", "P", "L", "I;16"), ".jpg": ("RGB", "L"), ".gif": ("P",)}
SIZES = ((40, 40), (64, 30), (25, 51), (17, 19))


def make_pictures(root: Path, classes: Sequence[str], *, num: int = 24, seed: int = 0) -> Path:
    """Class folders of `num` pictures whose colour tells the class."""
    rng = np.random.default_rng(seed)
    for label, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for number in range(num):
            suffix = SUFFIXES[number % len(SUFFIXES)]
            modes = MODES.get(suffix, ("RGB",))
            width, height = SIZES[number % len(SIZES)]
            pixels = rng.integers(0, 90, (height, width, 3))
            pixels[..., label % 3] += 120
            picture = Image.fromarray(pixels.astype(np.uint8))
            mode = modes[number // len(SUFFIXES) % len(modes)]
            if mode == "I;16":
                picture = Image.fromarray(np.asarray(picture.convert("L")).astype(np.uint16) * 257)
            else:
                picture = picture.convert(mode)
            picture.save(root / name / f"{number:03}{suffix}")
    return root
