"""Folders of small images."""

import zlib

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def make_folder(tmp_path):
    """Makes class folders of images whose brightness tells the class and the number."""

    def make(layout, *, root="images", mode="RGB", suffix=".png", size=(12, 9)):
        folder = tmp_path / root
        rng = np.random.default_rng(zlib.crc32("/".join([root, *layout]).encode()))
        for label, (name, num) in enumerate(layout.items()):
            (folder / name).mkdir(parents=True)
            for number in range(num):
                pixels = rng.integers(0, 40, (size[1], size[0], 3)) + 60 * label
                image = Image.fromarray(pixels.astype(np.uint8)).convert(mode)
                image.save(folder / name / f"{number:03}{suffix}")
        return folder

    return make
