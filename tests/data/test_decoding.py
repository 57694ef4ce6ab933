"""Every kind of image decodes to the bytes one would expect."""

import numpy as np
import pytest
from PIL import Image
from torchvision.transforms.v2 import functional as tv

from escalade.data.decoding.decoding import FULL_LEVELS, is_grey, to_square
from escalade.data.decoding.opening import open_image


def decode(image, tmp_path, suffix=".png", *, side=8, in_channels=3, levels=None, **options):
    path = tmp_path / f"image{suffix}"
    image.save(path, **options)
    with open_image(path) as opened:
        return to_square(opened, side=side, in_channels=in_channels, levels=levels or FULL_LEVELS)


def plain(mode, colour, size=(8, 8)):
    return Image.new(mode, size, colour)


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (plain("L", 77), (77, 77, 77)),
        (plain("1", 1), (255, 255, 255)),
        (plain("RGB", (10, 20, 30)), (10, 20, 30)),
        (plain("RGBA", (200, 0, 0, 255)), (200, 0, 0)),
        (plain("RGBA", (200, 0, 0, 0)), (255, 255, 255)),
        (plain("RGBA", (0, 0, 0, 51)), (204, 204, 204)),
        (plain("LA", (90, 0)), (255, 255, 255)),
        (plain("LA", (90, 255)), (90, 90, 90)),
        (plain("RGB", (1, 2, 3)).quantize(4), (1, 2, 3)),
    ],
)
def test_modes(image, expected, tmp_path):
    array = decode(image, tmp_path)
    assert array.shape == (3, 8, 8)
    assert array.dtype == np.uint8
    assert (array == np.reshape(expected, (3, 1, 1))).all()


def test_palette_transparency_is_laid_on_white(tmp_path):
    image = Image.new("P", (8, 8), 0)
    image.putpalette([10, 20, 30, 200, 100, 0])
    image.paste(1, (4, 0, 8, 8))
    array = decode(image, tmp_path, transparency=0)
    assert (array[:, :, 0] == 255).all()
    assert array[:, 0, 7].tolist() == [200, 100, 0]
    gif = decode(image, tmp_path, ".gif", transparency=0)
    assert gif[:, 0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_sixteen_bits_are_scaled_not_clipped(suffix, tmp_path):
    values = np.array([[0, 128, 257, 1000], [32768, 40000, 65278, 65535]] * 2, np.uint16)
    image = Image.fromarray(values)
    array = decode(image, tmp_path, suffix, side=4, in_channels=1)
    assert array[0].tolist() == np.rint(values / 257).astype(int).tolist()


def test_floats_keep_their_order(tmp_path):
    unit = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
    for values, between in (
        (unit, (0, 1)),
        (unit * 255, (0, 255)),
        (unit * 1e4 - 300, (-300, 9700)),
    ):
        levels = {"floats": between}
        image = Image.fromarray(values)
        array = decode(image, tmp_path, ".tif", side=4, in_channels=1, levels=levels)
        assert array[0].ravel().tolist() == np.rint(unit.ravel() * 255).astype(int).tolist()


def test_values_that_are_not_finite_are_refused(tmp_path):
    values = np.full((4, 4), np.nan, np.float32)
    with pytest.raises(ValueError, match="not finite"):
        decode(Image.fromarray(values), tmp_path, ".tif")


def test_cmyk_jpeg(tmp_path):
    array = decode(plain("CMYK", (0, 255, 255, 0)), tmp_path, ".jpg").astype(int)
    assert (np.abs(array - np.reshape([255, 0, 0], (3, 1, 1))) <= 6).all()


def test_exif_orientation_is_applied(tmp_path):
    image = plain("L", 0, (16, 8))
    image.paste(255, (0, 0, 16, 4))  # bright above
    exif = Image.Exif()
    exif[0x0112] = 6  # turn a quarter clockwise: bright to the right
    array = decode(image, tmp_path, ".jpg", in_channels=1, exif=exif, quality=100)
    assert array[0, :, 7].min() > 200
    assert array[0, :, 0].max() < 50


@pytest.mark.parametrize("size", [(40, 10), (10, 40), (8, 8), (1000, 1), (24, 16), (1, 1), (3, 7)])
def test_any_shape_is_resized_and_cropped_as_torchvision_does(size):
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    array = to_square(Image.fromarray(pixels), side=8, in_channels=3)
    assert array.shape == (3, 8, 8)
    scaled = [length * 8 / min(size) for length in size]
    if all(length.is_integer() for length in scaled):
        expected = tv.center_crop(tv.resize(Image.fromarray(pixels), [8], antialias=True), [8, 8])
        difference = array.transpose(1, 2, 0).astype(int) - np.asarray(expected)
        assert np.abs(difference).max() <= 1


def test_shrinking_averages():
    checks = np.indices((64, 64)).sum(0) % 2 * 255
    array = to_square(Image.fromarray(checks.astype(np.uint8)), side=8, in_channels=1)
    assert np.abs(array.astype(int) - 127.5).max() < 4


def test_a_large_jpeg_decodes_as_without_the_short_cut(tmp_path):
    ramp = np.add.outer(np.arange(400), np.arange(600)) * 255 // 1000
    image = Image.fromarray(ramp.astype(np.uint8))
    exact = to_square(image.copy(), side=16, in_channels=1).astype(int)
    assert np.abs(decode(image, tmp_path, ".jpg", side=16, in_channels=1) - exact).max() <= 3


def test_grey_is_told_by_mode_and_palette():
    assert all(is_grey(plain(mode, 0)) for mode in ("1", "L", "LA", "I;16", "I", "F"))
    assert not any(is_grey(plain(mode, 0)) for mode in ("RGB", "RGBA", "CMYK", "YCbCr"))
    palette = Image.new("P", (2, 2))
    palette.putpalette([0, 0, 0, 9, 9, 9])
    assert is_grey(palette)
    palette.putpalette([0, 0, 0, 9, 9, 8])
    assert not is_grey(palette)
