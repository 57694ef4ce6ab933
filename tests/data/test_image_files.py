"""Files of many kinds and sizes: what cannot be used is named, wherever it stands."""

import struct
import threading
import tracemalloc
import zlib

import numpy as np
import pytest
from PIL import Image

from escalade.data import load
from escalade.data.decoding import decoding, opening
from escalade.data.decoding.decoding import MOST_PIXELS, num_pixels, to_square
from escalade.data.decoding.source import PixelRoom


def load_here(folder, tmp_path, **options):
    return load(folder, **({"cache_dir": tmp_path / "cache", "side": 8} | options))


def png_of(width, height):
    """A grey PNG that says so many pixels; what it holds is small."""

    def chunk(name, data):
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    packed = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("name", ["000", "zzz"])
@pytest.mark.parametrize("side", [10_000, 30_000])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_an_image_over_the_limit_is_named_wherever_it_stands(
    name, side, mode, make_folder, tmp_path
):
    folder = make_folder({"a": 20, "b": 20}, mode=mode)
    (folder / "a" / f"{name}.png").write_bytes(png_of(side, side))
    data = load_here(folder, tmp_path)
    ((path, reason),) = data.skipped
    assert path == f"a/{name}.png"
    assert "pixels" in reason
    assert data.in_channels == len(mode)


def test_memory_is_counted_by_what_is_decoded(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (600, 800), np.uint8)
    image = Image.fromarray(pixels)
    image.save(tmp_path / "plain.jpg")
    image.save(tmp_path / "progressive.jpg", progressive=True)
    image.save(tmp_path / "x.png")
    image.save(tmp_path / "x.jp2")
    counted = {}
    for path in tmp_path.iterdir():
        with Image.open(path) as opened:
            counted[path.name] = num_pixels(opened, 32)
            opened.draft(None, (64, 64))
            if path.name == "plain.jpg":
                assert opened.width * opened.height == counted[path.name]
    assert counted == {
        "plain.jpg": 100 * 75, "progressive.jpg": 100 * 75 + 240_000, "x.png": 480_000,
        "x.jp2": 3 * 480_000,
    }  # fmt: skip


def test_bands_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (50, 40, 4)).astype(np.uint8)
    deep = Image.fromarray(rng.integers(0, 65536, (50, 40)).astype(np.uint16))
    images = [Image.fromarray(noise), Image.fromarray(noise).quantize(9), deep]
    whole = [to_square(image.copy(), side=9, in_channels=3) for image in images]
    monkeypatch.setattr(decoding, "BAND_PIXELS", 90)
    for image, expected in zip(images, whole, strict=True):
        assert (to_square(image.copy(), side=9, in_channels=3) == expected).all()


def test_a_large_deep_image_takes_little_beside_itself():
    """Numpy's part; what Pillow holds is four bytes a pixel and one for the grey image."""
    image = Image.new("F", (4000, 4000), 0.5)
    tracemalloc.start()
    to_square(image, side=8, in_channels=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * image.width * image.height


def test_room_is_shared_and_never_more_than_there_is():
    room, held, most, lock = PixelRoom(10), [0], [0], threading.Lock()

    def use(num):
        for _ in range(50):
            with room.held(num):
                with lock:
                    held[0] += min(num, 10)
                    most[0] = max(most[0], held[0])
                with lock:
                    held[0] -= min(num, 10)

    threads = [threading.Thread(target=use, args=(num,)) for num in (1, 4, 7, 10, 99)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not any(thread.is_alive() for thread in threads)
    assert 0 < most[0] <= 10
    assert MOST_PIXELS * 12 <= 2**30


def test_a_picture_of_many_is_its_first(tmp_path, make_folder):
    folder = make_folder({"a": 5, "b": 5})
    first, second = Image.radial_gradient("L"), Image.linear_gradient("L")
    first.save(folder / "a" / "x.mpo", "MPO", save_all=True, append_images=[second])
    data = load_here(folder, tmp_path)
    assert data.skipped == ()
    assert len(data.train) + len(data.search) + len(data.test) == 11


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64)


def test_formats_that_take_a_package_name_it(make_folder, tmp_path, monkeypatch):
    """The packages are not installed here; where Pillow reads AVIF a damaged one is that."""
    folder = make_folder({"a": 20, "b": 20})
    (folder / "a" / "photo.heic").write_bytes(HEIC)
    (folder / "a" / "photo").write_bytes(HEIC.replace(b"heic", b"avif"))
    monkeypatch.setattr(opening, "PACKAGES", {"HEIF": "no_heif", "AVIF": "no_avif"})
    monkeypatch.delitem(Image.OPEN, "AVIF", raising=False)
    opening.formats.cache_clear()
    try:
        skipped = dict(load_here(folder, tmp_path).skipped)
    finally:
        opening.formats.cache_clear()
    assert skipped == {
        "a/photo.heic": "HEIF, which Pillow reads with the package no-heif (pip install no-heif)",
        "a/photo": "AVIF, which Pillow reads with the package no-avif (pip install no-avif)",
    }


def test_an_avif_is_read_where_pillow_can(make_folder, tmp_path):
    pytest.importorskip("PIL._avif")
    folder = make_folder({"a": 5, "b": 5})
    Image.radial_gradient("L").save(folder / "a" / "x.avif")
    assert load_here(folder, tmp_path).skipped == ()


def test_formats_that_run_programs_are_not_opened(make_folder, tmp_path):
    folder = make_folder({"a": 20, "b": 20})
    (folder / "a" / "x.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n")
    assert load_here(folder, tmp_path).skipped == (("a/x.png", "not an image that can be read"),)
