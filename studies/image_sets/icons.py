"""Icons of Debian's themes by their freedesktop context, divided by name over all themes."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

THEMES = (
    *("oxygen", "gnome", "Tango", "elementary-xfce", "mate", "Faenza", "nuoveXT2"),
    *("Moka", "Paper", "Adwaita", "gnome-colors-common", "menta"),
)
PACKAGES = (
    "oxygen-icon-theme gnome-icon-theme tango-icon-theme elementary-xfce-icon-theme "
    "mate-icon-theme faenza-icon-theme gnome-icon-theme-nuovo moka-icon-theme paper-icon-theme "
    "adwaita-icon-theme gnome-human-icon-theme"
)
CONTEXTS = {"mimes": "mimetypes"} | {
    name: name
    for name in (
        *("actions", "apps", "categories", "devices", "emblems"),
        *("mimetypes", "places", "status"),
    )
}
SIDE = 64  # the size that is taken of an icon, or the nearest
LEAST = 32
COPY_BITS = 6  # of 128 that two images may differ in and still be copies


@dataclass(frozen=True)
class Icon:
    path: Path
    context: str
    side: int


def divided(root: Path, *, test_share: float) -> Iterator[tuple[str, Icon]]:
    """("train" or "test", icon): a name is on one side, and no test icon looks like a training one.

    Of icons that look alike under one name, the first theme's is kept.
    """
    kept = list(_different(_icons(root)))
    looks = {icon: look(icon.path) for icon in kept}
    sides = {icon: _side(icon.path.stem, test_share) for icon in kept}
    train = np.stack([looks[icon] for icon in kept if sides[icon] == "train"])
    for icon in kept:
        if sides[icon] == "test" and _is_copy(looks[icon], train):
            continue
        yield sides[icon], icon


def look(path: Path) -> npt.NDArray[np.bool_]:
    """What brightness does from left to right and from top to bottom: 128 bits (a dHash)."""
    with Image.open(path) as image:
        rgba = image.convert("RGBA")
    grey = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("L")
    across = np.asarray(grey.resize((9, 8), Image.Resampling.BOX), dtype=np.int16)
    down = np.asarray(grey.resize((8, 9), Image.Resampling.BOX), dtype=np.int16)
    return np.concatenate([(np.diff(across) > 0).ravel(), (np.diff(down, axis=0) > 0).ravel()])


def _icons(root: Path) -> Iterator[Icon]:
    """One size of every icon of every theme, by theme and name."""
    for theme in THEMES:
        found: dict[tuple[str, str], list[tuple[int, Path]]] = defaultdict(list)
        for path in sorted((root / theme).rglob("*.png")):
            folders = [part.lower() for part in path.relative_to(root / theme).parts[:-1]]
            contexts = [CONTEXTS[part] for part in folders if part in CONTEXTS]
            if (
                len(contexts) != 1
                or "symbolic" in path.name
                or path.is_symlink()
                or not path.resolve().is_relative_to(root)
            ):
                continue
            with Image.open(path) as image:
                found[contexts[0], path.stem].append((max(image.size), path))
        for (context, _), sizes in sorted(found.items()):
            side, path = min(sizes, key=lambda each: (abs(each[0] - SIDE), each[1]))
            if side >= LEAST:
                yield Icon(path, context, side)


def _different(icons: Iterator[Icon]) -> Iterator[Icon]:
    seen: dict[str, list[npt.NDArray[np.bool_]]] = defaultdict(list)
    for icon in icons:
        mine = look(icon.path)
        others = seen[icon.path.stem]
        if not others or not _is_copy(mine, np.stack(others)):
            others.append(mine)
            yield icon


def _is_copy(mine: npt.NDArray[np.bool_], others: npt.NDArray[np.bool_]) -> bool:
    return bool((mine ^ others).sum(axis=1).min() <= COPY_BITS)


def _side(name: str, test_share: float) -> str:
    drawn = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) / 16**8
    return "test" if drawn < test_share else "train"
