"""Images that stay in their files are the same images."""

import numpy as np
import pytest
import torch
from PIL import Image

from escalade.data import Augmentation, TrainBatches, load
from escalade.data.cache import cache, partial_set
from escalade.data.cache.cache_room import cached_sets


@pytest.fixture
def in_files(monkeypatch):
    """Large sets are mapped, so that they are read when asked for, and no pixels are kept."""
    monkeypatch.setattr("escalade.data.splits.split.COPIED_BYTES", 0)
    monkeypatch.setenv(cache.KEEP_VARIABLE, cache.FILES)


def loaded(folder, tmp_path, name="cache"):
    return load(folder, cache_dir=tmp_path / name, side=16)


def made(data):
    """Some training batches."""
    loader = TrainBatches(
        data.train, batch_size=8, seed=0, augmentation=Augmentation(padding=2, flip=True)
    )
    return [loader.at(step) for step in (0, 1, 2, 9)]


@pytest.fixture
def folder(make_folder):
    folder = make_folder({"a": 20, "b": 20}, suffix=".jpg", size=(40, 30))
    (folder / "a/003.jpg").write_bytes(b"no image")
    deep = np.arange(600, dtype=np.uint16).reshape(20, 30) * 100
    Image.fromarray(deep).save(folder / "b/004.png")
    return folder


def test_they_are_what_is_decoded_into_the_cache(folder, tmp_path, monkeypatch, in_files):
    data = loaded(folder, tmp_path)
    (kept,) = cached_sets(tmp_path / "cache")
    assert kept.num_bytes < 5000
    monkeypatch.delenv(cache.KEEP_VARIABLE)
    pixels = loaded(folder, tmp_path, "other")
    assert (data.digests, data.skipped) == (pixels.digests, pixels.skipped)
    assert (data.mean, data.std, data.levels) == (pixels.mean, pixels.std, pixels.levels)
    for split in ("train", "search", "test"):
        here, there = getattr(data, split), getattr(pixels, split)
        assert here.is_mapped
        assert here.num_bytes == there.num_bytes
        assert here.images.equal(there.images)
    for one, other in zip(made(data), made(pixels), strict=True):
        assert all(map(torch.equal, one, other))


def test_pixels_that_are_there_are_used(folder, tmp_path, monkeypatch, in_files):
    with monkeypatch.context() as patch:
        patch.delenv(cache.KEEP_VARIABLE)
        loaded(folder, tmp_path)
    loaded(folder, tmp_path)
    (kept,) = cached_sets(tmp_path / "cache")
    assert kept.num_bytes > 40 * 3 * 16 * 16


def test_a_file_that_is_another_now_is_refused(folder, tmp_path, in_files):
    data = loaded(folder, tmp_path)
    for path in folder.glob("b/*.jpg"):
        Image.linear_gradient("L").convert("RGB").save(path)
    with pytest.raises(ValueError, match=r"the image b/\d+.jpg is not what it was when the run"):
        made(data)


def test_no_pixels_need_no_room(folder, tmp_path, monkeypatch, in_files):
    monkeypatch.setattr("escalade.data.cache.cache_room._free", lambda folder: 0)
    assert len(loaded(folder, tmp_path).train) > 20
    monkeypatch.setenv(cache.KEEP_VARIABLE, cache.PIXELS)
    with pytest.raises(OSError, match=r"are needed, 0B are free.*\); ESCALADE_CACHE_KEEP=files"):
        loaded(folder, tmp_path)


def test_who_said_once_that_none_are_kept_need_not_say_so_again(
    folder, tmp_path, monkeypatch, in_files
):
    loaded(folder, tmp_path)
    monkeypatch.delenv(cache.KEEP_VARIABLE)
    assert loaded(folder, tmp_path).train.is_mapped
    (kept,) = cached_sets(tmp_path / "cache")
    assert f"-{cache.FILES}-" in kept.folder.name
    monkeypatch.setenv(cache.KEEP_VARIABLE, cache.PIXELS)
    loaded(folder, tmp_path)
    assert len(cached_sets(tmp_path / "cache")) == 2


def test_a_look_that_was_begun_without_pixels_goes_on_without(
    folder, tmp_path, monkeypatch, in_files
):
    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(partial_set.PartialSet, "decode", killed)
        with pytest.raises(KeyboardInterrupt):
            loaded(folder, tmp_path)
    monkeypatch.delenv(cache.KEEP_VARIABLE)
    loaded(folder, tmp_path)
    (kept,) = cached_sets(tmp_path / "cache")
    assert kept.is_whole
    assert f"-{cache.FILES}-" in kept.folder.name


def test_what_is_kept_is_one_of_two(folder, tmp_path, monkeypatch):
    monkeypatch.setenv(cache.KEEP_VARIABLE, "jpeg")
    with pytest.raises(ValueError, match="ESCALADE_CACHE_KEEP: 'jpeg' is not known"):
        loaded(folder, tmp_path)
