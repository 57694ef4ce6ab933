"""Make a folder of real images by class, of files that Debian's packages install.

    .venv/bin/python studies/make_images.py fashion FOLDER
    .venv/bin/python studies/make_images.py icons FOLDER [--root /usr/share/icons]
    .venv/bin/python studies/make_images.py glyphs FOLDER [--root /usr/share/fonts]

`fashion` is 5,000 training images of Fashion-MNIST and, as `test`, 20,000 others of them: its own
test images stay alone. Icons are of the themes' own files; the class is the freedesktop context.
Glyphs are characters drawn in fonts, in colours of their own; the class is the character. `train`
and `test` share no icon name, no icon that looks like another, and no family of fonts. The same
files give the same folder. `--packages` prints what to install.
"""

from __future__ import annotations

import argparse
import shutil
from collections import Counter
from pathlib import Path

from common.lab import DEBIAN
from image_sets import fashion, glyphs, icons

ROOTS = {
    "icons": Path("/usr/share/icons"),
    "glyphs": Path("/usr/share/fonts"),
    "fashion": DEBIAN,
}
TEST_SHARE = 0.3


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("which", choices=ROOTS)
    parser.add_argument("out", type=Path, nargs="?")
    parser.add_argument("--root", type=Path, help="where the packages' files lie")
    parser.add_argument("--packages", action="store_true")
    options = parser.parse_args()
    if options.packages:
        print({"icons": icons, "glyphs": glyphs, "fashion": fashion}[options.which].PACKAGES)
        return
    if options.out is None or options.out.exists():
        parser.error(f"FOLDER: {options.out or 'missing'}: name one that is not there yet")
    root = (options.root or ROOTS[options.which]).resolve()
    counts = {"icons": _icons, "glyphs": _glyphs, "fashion": _fashion}[options.which](
        root, options.out
    )
    for (side, label), num in sorted(counts.items()):
        print(f"{side} {label}: {num}")
    for side in ("train", "test"):
        print(f"{side}: {sum(num for (of, _), num in counts.items() if of == side)} images")


def _icons(root: Path, out: Path) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for side, icon in icons.divided(root, test_share=TEST_SHARE):
        theme = icon.path.relative_to(root).parts[0]
        place = out / side / icon.context / f"{theme}-{icon.path.name}"
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(icon.path, place)
        counts[side, icon.context] += 1
    return counts


def _glyphs(root: Path, out: Path) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for side, glyph in glyphs.divided(root, test_share=TEST_SHARE):
        label = f"u{ord(glyph.character):04x}"
        place = out / side / label / f"{glyph.font.parent.name}-{glyph.font.stem}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        glyph.image.save(place)
        counts[side, label] += 1
    return counts


def _fashion(root: Path, out: Path) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for side, label, number, image in fashion.divided(root):
        place = out / side / label / f"{number}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        image.save(place)
        counts[side, label] += 1
    return counts


if __name__ == "__main__":
    main()
