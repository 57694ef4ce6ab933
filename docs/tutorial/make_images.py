"""Make a folder of images for the tutorial: 2,500 small pictures of clothes in ten class folders.

    .venv/bin/python docs/tutorial/make_images.py clothes

They are training images of Fashion-MNIST, which Escalade brings along for its demo.
"""

import lzma
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image

NAMES = (
    *("t-shirt", "trousers", "pullover", "dress", "coat"),
    *("sandal", "shirt", "sneaker", "bag", "boot"),
)
NUM_IMAGES = 2500


def main(folder: Path) -> None:
    """Write FOLDER/CLASS/NUMBER.png."""
    images = read("train-images-idx3-ubyte.xz", header=16).reshape(-1, 28, 28)
    labels = read("train-labels-idx1-ubyte.xz", header=8)
    for number in range(NUM_IMAGES):
        name = NAMES[labels[number]]
        file = folder / name / f"{number:04}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(images[number]).save(file)


def read(name: str, *, header: int) -> np.ndarray:
    """The bytes of one of the package's files, without its header."""
    packed = (files("escalade") / "data" / "embedded" / name).read_bytes()
    return np.frombuffer(lzma.decompress(packed), np.uint8, offset=header)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
