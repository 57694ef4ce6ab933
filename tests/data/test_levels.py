"""Images of more than eight bits: one range a data set, from the images; blank ones named."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from escalade.data import load
from escalade.data.decoding.decoding import to_square
from escalade.data.decoding.levels import natural


def write(root, layout, *, dtype, low, high, suffix=".png", **options):
    """Class folders of noise within a range."""
    rng = np.random.default_rng(0)
    for name, num in layout.items():
        (root / name).mkdir(parents=True, exist_ok=True)
        for i in range(num):
            top = high + 0.99 if np.issubdtype(dtype, np.integer) else high
            values = rng.uniform(low, top, (16, 16))
            values[0, 0], values[0, 1] = low, high
            Image.fromarray(values.astype(dtype)).save(root / name / f"{i:03}{suffix}", **options)
    return root


def load_here(folder, tmp_path, **options):
    return load(folder, **({"cache_dir": tmp_path / "cache", "side": 16} | options))


def num_levels(data):
    return len(np.unique(data.train.images.numpy()))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 4095, (0, 4095)),  # 12 bits in 16
        (3, 251, (0, 255)),  # 8 bits in 16
        (0, 310, (0, 511)),  # dark
        (0, 65535, (0, 65535)),
        (30_000, 33_000, (30_000, 33_000)),  # an offset, as scanners have
        (0, 1, (0, 1)),  # a mask
    ],
)
def test_whole_numbers(low, high, expected, tmp_path):
    root = write(tmp_path / "x", {"a": 6, "b": 6}, dtype=np.uint16, low=low, high=high)
    data = load_here(root, tmp_path)
    assert data.levels["integers"] == expected
    assert data.in_channels == 1
    filled = min(256, high - low + 1) * (high - low) / (expected[1] - expected[0])
    assert num_levels(data) > 0.7 * filled
    assert data.remarks[0] == (
        f"12 images of whole numbers from {low:g} to {high:g}: {expected[0]:g} becomes black and "
        f"{expected[1]:g} white"
    )


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0.0, 1.0, (0, 1)), (0.0, 1.02, (0, 1.02)), (0.0, 255.0, (0, 255)), (-3.0, 9.0, (-3, 9))],
)
def test_other_numbers(low, high, expected, tmp_path):
    layout = {"a": 6, "b": 6}
    root = write(tmp_path / "x", layout, dtype=np.float32, low=low, high=high, suffix=".tif")
    data = load_here(root, tmp_path)
    assert data.levels["floats"] == pytest.approx(expected)
    assert num_levels(data) > 200


def test_the_range_is_the_data_sets_not_each_images(tmp_path):
    root = write(tmp_path / "x", {"dark": 9}, dtype=np.uint16, low=0, high=400)
    write(root, {"bright": 9}, dtype=np.uint16, low=3000, high=4095)
    data = load_here(root, tmp_path)
    brightness = data.train.images.float().mean((1, 2, 3))
    assert brightness[data.train.labels == 0].min() > 180  # bright
    assert 5 < brightness[data.train.labels == 1].max() < 30
    again = load_here(root, tmp_path)  # now from the cache
    assert (again.levels, again.remarks) == (data.levels, data.remarks)


def test_a_hot_pixel_is_told_and_can_be_set_aside(tmp_path):
    root = write(tmp_path / "x", {"a": 6, "b": 6}, dtype=np.uint16, low=0, high=300)
    path = root / "a" / "000.png"
    values = np.asarray(Image.open(path)).repeat(8, 0).repeat(8, 1)
    values[5, 5] = 65535
    Image.fromarray(values).save(path)
    data = load_here(root, tmp_path)
    assert num_levels(data) <= 4
    assert "dataset.levels=[0,300] would spread them" in data.remarks[1]
    spread = load_here(root, tmp_path, levels=[0, 300])
    assert spread.levels["integers"] == (0.0, 300.0)
    assert num_levels(spread) > 200
    assert len(spread.remarks) == 1


def test_eight_bits_are_left_as_they_are(make_folder, tmp_path):
    data = load_here(make_folder({"a": 5, "b": 5}), tmp_path)
    assert data.remarks == ()
    assert data.levels == {"integers": (0.0, 65535.0), "floats": (0.0, 1.0)}


@pytest.mark.parametrize("levels", [[3], [3, 3], [4, 3]])
def test_levels_that_are_none(levels, make_folder, tmp_path):
    with pytest.raises(ValueError, match=r"levels: .* is not two rising numbers"):
        load_here(make_folder({"a": 5, "b": 5}), tmp_path, levels=levels)


def test_natural_ranges_hold_the_values():
    for kind in ("integers", "floats"):
        for low, high in ((0, 5), (-1, 1), (0.5, 0.9), (100, 200), (0, 2**20), (7, 7)):
            between = natural(low, high, kind=kind)
            assert between[0] <= low <= high <= between[1]


def test_blank_images_and_holes_are_named(tmp_path):
    root = write(tmp_path / "x", {"a": 20, "b": 20}, dtype=np.float32, low=0, high=1, suffix=".tif")
    hole = np.asarray(Image.open(root / "a" / "003.tif")).copy()
    hole[4, 4] = np.nan
    Image.fromarray(hole).save(root / "a" / "003.tif")
    Image.new("L", (20, 20), 0).save(root / "a" / "black.png")
    Image.new("RGBA", (20, 20), (9, 9, 9, 0)).save(root / "b" / "clear.png")
    data = load_here(root, tmp_path)
    assert dict(data.skipped) == {
        "a/003.tif": "it holds values that are not finite",
        "a/black.png": "all its pixels are alike",
        "b/clear.png": "all its pixels are alike",
    }


def test_nothing_but_blank_images_is_refused(tmp_path):
    for name in "ab":
        (tmp_path / "x" / name).mkdir(parents=True)
        for i in range(30):
            Image.new("L", (8, 8), i).save(tmp_path / "x" / name / f"{i}.png")
    with pytest.raises(ValueError, match=r"60 of 60 images in .* cannot be used.*pixels are alike"):
        load_here(tmp_path / "x", tmp_path)


def png(values):
    """A PNG of 16 bits a channel, which Pillow does not write, of (rows, columns, channels)."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    height, width, channels = values.shape
    kind = {2: 4, 3: 2, 4: 6}[channels]
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0),
        b"IDAT": zlib.compress(rows),
        b"IEND": b"",
    }
    made = b"\x89PNG\r\n\x1a\n"
    for name, content in parts.items():
        checked = struct.pack(">I", zlib.crc32(name + content))
        made += struct.pack(">I", len(content)) + name + content + checked
    return made


def tiff(values, order):
    """A TIFF of the same, its bytes in either order."""
    height, width, channels = values.shape
    alpha = {338: (3, 1, 2)} if channels == 4 else {}
    content = values.astype(f"{order}u2").tobytes()
    at = 8 + 2 + 12 * (9 + len(alpha)) + 4
    tags = {
        256: (3, 1, width), 257: (3, 1, height), 258: (4, 0, 0), 259: (3, 1, 1), 262: (3, 1, 2),
        273: (4, 1, at + 2 * channels), 277: (3, 1, channels), 278: (3, 1, height),
        279: (4, 1, len(content)), **alpha,
    }  # fmt: skip
    made = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}IH", 8, len(tags))
    for tag, (kind, num, value) in tags.items():
        if tag == 258:
            made += struct.pack(f"{order}HHII", tag, 3, channels, at)
        elif kind == 3:
            made += struct.pack(f"{order}HHIHH", tag, kind, num, value, 0)
        else:
            made += struct.pack(f"{order}HHII", tag, kind, num, value)
    bits = struct.pack(f"{order}{channels}H", *[16] * channels)
    return made + struct.pack(f"{order}I", 0) + bits + content


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("write", [png, lambda v: tiff(v, "<"), lambda v: tiff(v, ">")])
def test_colours_of_16_bits_are_read_whole(channels, write, tmp_path):
    values = np.random.default_rng(0).integers(0, 4096, (16, 16, channels))
    values[..., 3:] = 65535
    path = tmp_path / "x"
    path.write_bytes(write(values))
    levels = {"integers": (0.0, 4095.0), "floats": (0.0, 1.0)}
    with Image.open(path) as image:
        found = to_square(image, side=16, in_channels=3, levels=levels)
    expected = np.rint(values[..., :3] * (255 / 4095)).astype(np.uint8)
    assert np.array_equal(found, expected.transpose(2, 0, 1))


def test_12_bits_in_16_of_colours_have_all_their_levels(tmp_path):
    rng = np.random.default_rng(0)
    for name in "ab":
        (tmp_path / "x" / name).mkdir(parents=True)
        for i in range(6):
            values = rng.integers(0, 4096, (16, 16, 3))
            values[0, 0] = 4095
            (tmp_path / "x" / name / f"{i}.png").write_bytes(png(values))
    data = load_here(tmp_path / "x", tmp_path)
    assert (data.in_channels, data.levels["integers"]) == (3, (0, 4095))
    assert num_levels(data) == 256
    assert data.remarks[0].startswith("12 images of whole numbers from 0 to 4095: 0 becomes black")
    spread = load_here(tmp_path / "x", tmp_path, levels=[0, 2047])
    assert (spread.train.images == 255).float().mean() > 0.4
    # Turned upright, both bytes of it.
    with Image.open(tmp_path / "x" / "a" / "0.png") as image:
        image.getexif()[0x0112] = 6
        upright = to_square(image, side=16, in_channels=3, levels=data.levels)
    assert upright.shape == (3, 16, 16)


def test_where_the_lower_bytes_cannot_be_read_it_is_said(tmp_path):
    rng = np.random.default_rng(0)
    for name in "ab":
        (tmp_path / "x" / name).mkdir(parents=True)
        for i in range(6):
            values = rng.integers(0, 65536, (16, 16, 2))
            (tmp_path / "x" / name / f"{i}.png").write_bytes(png(values))
    data = load_here(tmp_path / "x", tmp_path)
    assert data.remarks == (
        "12 images of 16 bits a channel, of which the upper eight alone can be read, whatever "
        "dataset.levels says; dark ones become nearly black",
    )
