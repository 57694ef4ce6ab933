"""Make the embedded demo set: 10,000 training and 2,000 test images of Fashion-MNIST.

Command: python studies/make_embedded.py [--source FOLDER] [--target FOLDER]   (about 15 seconds)

The source is Debian's package dataset-fashion-mnist, or the four original files in a folder.
The images are unchanged; the same source gives the same files, bit for bit (with the same
liblzma), and the digest of their unpacked content is printed.
"""

from __future__ import annotations

import argparse
import hashlib
import lzma
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from common.command import command
from common.lab import DEBIAN, EMBEDDED, Parser, idx_bytes, read_idx, write_bytes

SEED = 2017
NUM_PER_CLASS = {"train": 1000, "t10k": 200}
# The raw pixels compress better than any predictor's residuals here, and better than PNG or WebP.
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "lp": 0, "pb": 0}]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = Parser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, default=DEBIAN, help=f"({DEBIAN})")
    parser.add_argument("--target", type=Path, default=EMBEDDED, help="(the package's folder)")
    options = parser.parse_args(arguments)
    for part, num in NUM_PER_CLASS.items():
        write_part(part, num, options.source, options.target)


def write_part(part: str, num: int, source: Path, target: Path) -> None:
    """Choose `num` images of each class and write them in random order."""
    labels = read_idx(source / f"{part}-labels-idx1-ubyte.gz")
    rng = np.random.default_rng(SEED)
    chosen = [rng.choice(np.flatnonzero(labels == label), num, False) for label in range(10)]
    rows = rng.permutation(np.concatenate(chosen))
    images = read_idx(source / f"{part}-images-idx3-ubyte.gz")
    for name, array in (("images-idx3", images[rows]), ("labels-idx1", labels[rows])):
        content = idx_bytes(array)
        packed = lzma.compress(content, lzma.FORMAT_XZ, filters=FILTERS)
        path = target / f"{part}-{name}-ubyte.xz"
        write_bytes(path, packed)
        print(f"{hashlib.sha256(content).hexdigest()}  {path.name}  {len(packed):,} bytes")


if __name__ == "__main__":
    command(main)
