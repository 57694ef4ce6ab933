"""Malformed images: each is decoded or named, within its time, and nothing else happens."""

import io
import time
import warnings

import numpy as np
import pytest
from PIL import Image

from escalade.data import load
from escalade.data.decoding.decoding import to_square
from escalade.data.decoding.opening import open_image

FORMATS = ("PNG", "JPEG", "JPEG2000", "WEBP", "BMP", "GIF", "TIFF", "TGA", "PPM", "AVIF")
SUFFIXES = {"JPEG2000": "jp2"}
SECONDS = 5.0  # for one image, on a busy machine


def whole(format_, rng):
    """An image in a format."""
    pixels = rng.integers(0, 256, (int(rng.integers(4, 40)), int(rng.integers(4, 40)), 3))
    image = Image.fromarray(pixels.astype(np.uint8))
    mode = ("RGB", "L", "P", "RGBA")[int(rng.integers(4))]
    options = {"compression": "tiff_lzw"} if format_ == "TIFF" else {}
    file = io.BytesIO()
    for each in (mode, "RGB"):
        try:
            image.convert(each).save(file, format_, **options)
            return file.getvalue()
        except (OSError, ValueError):
            file = io.BytesIO()
    raise AssertionError(format_)


def damaged(content, rng):
    """The same with one to four faults, as transfers, disks and adversaries make them."""
    data = bytearray(content)
    for _ in range(int(rng.integers(1, 5))):
        data = data or bytearray(1)
        kind, at = int(rng.integers(6)), int(rng.integers(max(1, len(data))))
        near = int(rng.integers(min(64, max(1, len(data)))))  # headers are where sizes stand
        if kind == 0:
            del data[at:]
        elif kind == 1:
            data[at : at + 16] = rng.bytes(16)
        elif kind == 2:
            data[near : near + 4] = b"\xff\xff\xff\xff"[: int(rng.integers(1, 5))]
        elif kind == 3:
            data[at:at] = rng.bytes(int(rng.integers(1, 200)))
        elif kind == 4:
            data[near] ^= 1 << int(rng.integers(8))
        else:
            del data[near : near + int(rng.integers(1, 32))]
    return bytes(data)


def samples(num):
    rng = np.random.default_rng(0)
    for i in range(num):
        name = FORMATS[i % len(FORMATS)]
        yield f"{i:04}.{SUFFIXES.get(name, name.lower())}", damaged(whole(name, rng), rng)


def outcome(path):
    """Seconds, and the square or why there is none."""
    start = time.perf_counter()
    try:
        with warnings.catch_warnings(action="ignore"), open_image(path) as image:
            found = to_square(image, side=16, in_channels=3)
    except Exception as error:  # as decoding a folder does
        found = error
    return time.perf_counter() - start, found


def check(folder, num):
    num_read = 0
    for name, content in samples(num):
        path = folder / name
        path.write_bytes(content)
        seconds, found = outcome(path)
        assert seconds < SECONDS, name
        if isinstance(found, Exception):
            assert not isinstance(found, MemoryError | RecursionError), name
            continue
        num_read += 1
        assert (found.shape, found.dtype) == ((3, 16, 16), np.uint8)
    assert 0.02 * num < num_read < 0.9 * num  # both kinds are there


def test_some_malformed_images(tmp_path):
    check(tmp_path, 60)


@pytest.mark.slow
def test_many_malformed_images(tmp_path):
    check(tmp_path, 2_000)


def test_a_folder_with_malformed_images_names_them(make_folder, tmp_path):
    folder = make_folder({"a": 30, "b": 30})
    for name, content in samples(60):
        (folder / "a" / name).write_bytes(content)
    data = load(folder, side=16, cache_dir=tmp_path / "cache", max_skipped=1.0)
    assert len(data.skipped) > 10
    assert all(path.startswith("a/") and reason for path, reason in data.skipped)
    left_out = len(data.skipped) + data.duplicates.search + data.duplicates.test
    assert len(data.train) + len(data.search) + len(data.test) == 120 - left_out
