"""Folders: structure, links, caching, what is skipped, what is refused."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import Image

from escalade.data import image_data, load
from escalade.data.cache import decoded_set
from escalade.data.decoding import decoding, source
from escalade.data.splits import split


def load_here(folder, tmp_path, **options):
    return load(folder, **({"cache_dir": tmp_path / "cache", "side": 8} | options))


def test_one_folder(make_folder, tmp_path):
    data = load_here(make_folder({"cat": 20, "dog": 40}), tmp_path)
    assert data.classes == ("cat", "dog")
    assert (data.name, data.in_channels, data.side, data.flip) == ("images", 3, 8, True)
    assert [len(part) for part in (data.train, data.search, data.test)] == [42, 6, 12]
    for part in (data.train, data.search, data.test):
        assert part.images.shape == (len(part), 3, 8, 8)
        bright = part.images.float().mean((1, 2, 3)) > 50
        assert bright.long().equal(part.labels)


def test_mean_and_std_are_of_the_training_images(make_folder, tmp_path):
    data = load_here(make_folder({"a": 10, "b": 10}), tmp_path)
    values = data.train.images.double() / 255
    assert data.mean == pytest.approx(values.mean((0, 2, 3)).tolist())
    assert data.std == pytest.approx(values.std((0, 2, 3), correction=0).tolist())


def test_they_are_the_same_however_many_images_are_looked_at_at_once(
    make_folder, tmp_path, monkeypatch
):
    folder = make_folder({"a": 10, "b": 10})
    whole = load_here(folder, tmp_path)
    monkeypatch.setattr(image_data, "_CHUNK_BYTES", 3 * 8 * 8 * 3)
    parts = load_here(folder, tmp_path)
    assert (parts.mean, parts.std) == (whole.mean, whole.std)


@pytest.mark.parametrize(
    ("train", "val"), [("train", "val"), ("Training", "validation"), ("train", "test")]
)
def test_train_and_val_folders(train, val, make_folder, tmp_path):
    make_folder({f"{train}/a": 30, f"{train}/b": 400})
    folder = make_folder({f"{val}/a": 4, f"{val}/b": 5})
    data = load_here(folder, tmp_path)
    assert torch.bincount(data.search.labels).tolist() == [6, 50]
    assert torch.bincount(data.train.labels).tolist() == [24, 350]
    assert torch.bincount(data.test.labels).tolist() == [4, 5]


def test_train_val_and_test_folders(make_folder, tmp_path):
    names = ("train", "val", "test")
    layout = {
        f"{part}/{label}": n for n, part in zip((9, 4, 5), names, strict=True) for label in "ab"
    }
    data = load_here(make_folder(layout), tmp_path)
    assert [len(part) for part in (data.train, data.search, data.test)] == [18, 8, 10]


def test_a_class_named_train_is_a_class(make_folder, tmp_path):
    data = load_here(make_folder({"bus": 5, "train": 5}), tmp_path)
    assert data.classes == ("bus", "train")


def test_mixed_formats_and_sizes(make_folder, tmp_path):
    folder = make_folder({"a": 3, "b": 3})
    for label in "ab":
        for i, mode in enumerate(("L", "RGBA", "P", "CMYK", "LA", "1", "I;16")):
            suffix = ".tif" if mode == "CMYK" else ".PNG"
            image = Image.radial_gradient("L").resize((5 + 9 * i, 30 + ord(label)))
            image.convert(mode).save(folder / label / f"{mode[:2]}{i}{suffix}")
        (folder / label / "notes.txt").write_text("not an image")
        (folder / label / "._hidden.png").write_bytes(b"not an image")
    data = load_here(folder, tmp_path)
    assert len(data.train) + len(data.search) + len(data.test) == 20
    assert data.skipped == ()


def test_grey_folders_have_one_channel(make_folder, tmp_path):
    folder = make_folder({"a": 5, "b": 5}, mode="L")
    assert load_here(folder, tmp_path).train.images.shape[1:] == (1, 8, 8)
    assert load_here(folder, tmp_path, in_channels=3).in_channels == 3
    Image.radial_gradient("L").convert("RGB").save(folder / "b" / "zz.png")
    assert load_here(folder, tmp_path).in_channels == 3
    assert load_here(folder, tmp_path, in_channels=1).in_channels == 1


def test_links_are_followed_and_loops_are_not(make_folder, tmp_path):
    elsewhere = make_folder({"c/deep/deeper": 5}, root="elsewhere")
    folder = make_folder({"a": 5, "b/inner": 5})
    (folder / "c").symlink_to(elsewhere / "c")
    (folder / "a" / "loop").symlink_to(folder)
    (folder / "b" / "inner" / "up").symlink_to(folder / "b")
    (folder / "b" / "again").symlink_to(folder / "b" / "inner")
    (elsewhere / "c" / "deep" / "top").symlink_to(elsewhere / "c")
    data = load_here(folder, tmp_path)
    labels = torch.cat([data.train.labels, data.search.labels, data.test.labels])
    assert data.classes == ("a", "b", "c")
    assert torch.bincount(labels).tolist() == [5, 5, 5]


def count_decoded(monkeypatch):
    calls = []

    def counted(image, **options):
        calls.append(1)
        return decoding.to_square(image, **options)

    monkeypatch.setattr(source, "to_square", counted)
    return calls


def test_images_are_decoded_once(make_folder, tmp_path, monkeypatch):
    folder = make_folder({"a": 10, "b": 10})
    calls = count_decoded(monkeypatch)
    first = load_here(folder, tmp_path)
    again = load_here(folder, tmp_path, seed=0)
    other = load_here(folder, tmp_path, seed=1)
    assert len(calls) == 20
    assert first.train_digest == again.train_digest != other.train_digest
    assert first.train.images.equal(again.train.images)
    moved = shutil.copytree(folder, tmp_path / "moved", copy_function=shutil.copy2)
    assert load_here(moved, tmp_path).train_digest == first.train_digest
    assert len(calls) == 20
    Image.radial_gradient("L").convert("RGB").save(folder / "a" / "000.png")
    assert load_here(folder, tmp_path).train.images.shape == first.train.images.shape
    assert len(calls) == 40


def test_limit_decodes_no_more_than_it_needs(make_folder, tmp_path, monkeypatch):
    calls = count_decoded(monkeypatch)
    data = load_here(make_folder({"a": 40, "b": 40}), tmp_path, limit=4)
    assert [len(part) for part in (data.train, data.search, data.test)] == [4, 4, 4]
    assert len(calls) == 12


def test_two_at_once_decode_once(make_folder, tmp_path, monkeypatch):
    folder = make_folder({"a": 10, "b": 10})
    calls = count_decoded(monkeypatch)
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: load_here(folder, tmp_path), range(2)))
    assert made[0].train_digest == made[1].train_digest
    assert len(calls) == 20


def test_a_full_disk_is_told(make_folder, tmp_path, monkeypatch):
    def full(*arguments, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(decoded_set, "write_rows", full)
    with pytest.raises(OSError, match="disk is full") as caught:
        load_here(make_folder({"a": 5, "b": 5}), tmp_path)
    assert caught.value.errno == 28


def test_unreadable_images_are_skipped_and_listed(make_folder, tmp_path):
    folder = make_folder({"a": 20, "b": 20})
    whole = load_here(folder, tmp_path)
    good = (folder / "a" / "003.png").read_bytes()
    (folder / "a" / "003.png").write_bytes(good[: len(good) // 2])
    (folder / "b" / "004.png").write_bytes(b"no image at all")
    (folder / "b" / "005.png").write_bytes(b"")
    (folder / "b" / "006.png").unlink()
    (folder / "b" / "006.png").symlink_to(tmp_path / "nowhere")
    data = load_here(folder, tmp_path)
    assert [path for path, _ in data.skipped] == [
        "a/003.png",
        "b/004.png",
        "b/005.png",
        "b/006.png",
    ]
    assert all(reason for _, reason in data.skipped)
    parts = (data.train, data.search, data.test)
    assert sum(len(part) for part in parts) == 36
    assert min(int(part.images.flatten(1).amax(1).min()) for part in parts) > 0
    before = {row.numpy().tobytes() for row in whole.test.images}
    assert {row.numpy().tobytes() for row in data.test.images} <= before


def test_too_many_unreadable_images_stop(make_folder, tmp_path):
    folder = make_folder({"a": 30, "b": 30})
    for i in range(11):
        (folder / "a" / f"{i:03}.png").write_bytes(b"broken")
    with pytest.raises(
        ValueError, match=r"^max_skipped: 11 of 60 images in .* cannot be used, .*a/000.png"
    ):
        load_here(folder, tmp_path)
    assert len(load_here(folder, tmp_path, max_skipped=0.2).skipped) == 11


def test_a_class_without_readable_images_stops(make_folder, tmp_path):
    folder = make_folder({"a": 20, "b": 3})
    for path in (folder / "b").iterdir():
        path.write_bytes(b"broken")
    with pytest.raises(ValueError, match="'b' has no training image that can be used"):
        load_here(folder, tmp_path)


def test_a_file_one_may_not_read_stops(make_folder, tmp_path, monkeypatch):
    folder = make_folder({"a": 5, "b": 5})

    def denied(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("escalade.data.folder.open_image", denied)
    with pytest.raises(ValueError, match=r"may not read the image a/000.png: permission denied"):
        load_here(folder, tmp_path, in_channels=3)


@pytest.mark.parametrize(
    ("layout", "message"),
    [
        ({"a": 5, "b": 0}, r"images/b holds no images"),
        ({"a": 5}, r"one class folder only, 'a'"),
        ({"wrapped/a": 5, "wrapped/b": 5}, r"did you mean .*images/wrapped\?"),
        (
            {"a": 5, "b": 2},
            r"too few images to split: 'b' \(2\); a class needs 3, or 2 where test images are "
            r"apart .*\nadd images, put the class together with another, or leave it out",
        ),
        (
            {"train/a": 5, "train/b": 1, "test/a": 5, "test/b": 5},
            r"too few images to split: 'b' \(1\); a class needs 2;\s+add images, put the class",
        ),
        (
            {"train/a": 5, "train/b": 5, "val/a": 5, "val/c": 5},
            r"val: has the class 'c' that .*train does not have;",
        ),
        ({"train/a": 5, "train/b": 5, "val/a": 0, "val/b": 1}, r"val/a holds no images"),
    ],
)
def test_folders_that_cannot_be_used(layout, message, make_folder, tmp_path):
    with pytest.raises(ValueError, match=message) as caught:
        load_here(make_folder(layout), tmp_path)
    assert str(caught.value).count("\n") <= 2


def test_no_class_folders(tmp_path):
    (tmp_path / "flat").mkdir()
    Image.new("L", (4, 4)).save(tmp_path / "flat" / "image.png")
    with pytest.raises(ValueError, match="flat has no class folders; expected"):
        load_here(tmp_path / "flat", tmp_path)


def test_a_folder_needs_a_side(make_folder, tmp_path):
    with pytest.raises(ValueError, match="side: images of the folder"):
        load_here(make_folder({"a": 5, "b": 5}), tmp_path, side=None)


def test_a_cache_that_cannot_be_written(make_folder, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ValueError, match=r"cannot write the image cache in .*file/cache"):
        load_here(make_folder({"a": 5, "b": 5}), tmp_path, cache_dir=tmp_path / "file" / "cache")


def test_large_splits_stay_on_disk(make_folder, tmp_path, monkeypatch):
    folder = make_folder({"a": 20, "b": 20})
    copied = load_here(folder, tmp_path)
    monkeypatch.setattr(split, "COPIED_BYTES", 0)
    mapped = load_here(folder, tmp_path)
    rows = torch.tensor([5, 1, 1])
    assert mapped.train._rows is not None
    assert mapped.train.images.equal(copied.train.images)
    assert mapped.train.take(rows)[0].equal(copied.train.take(rows)[0])
    assert mapped.train.subset(rows).take(torch.tensor([0]))[0].equal(copied.train.images[5:6])
    assert (mapped.mean, mapped.train_digest) == (copied.mean, copied.train_digest)


def test_the_cache_is_plain_files(make_folder, tmp_path):
    data = load_here(make_folder({"a": 5, "b": 5}), tmp_path)
    (folder,) = (path for path in (tmp_path / "cache" / "decoded").iterdir() if path.is_dir())
    assert json.loads((folder / "meta.json").read_text())["num"] == 10
    stored = np.fromfile(folder / "images.bin", np.uint8).reshape(10, 3, 8, 8)
    assert data.train.images[0].numpy().tobytes() in {row.tobytes() for row in stored}
