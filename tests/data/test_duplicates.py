"""The same image in two splits, by content."""

import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from escalade.data import load
from escalade.data.splits.duplicates import Duplicates, separate
from escalade.data.splits.split import row_digests
from escalade.data.splits.stratified import Parts


def load_here(folder, tmp_path, **options):
    return load(folder, **({"cache_dir": tmp_path / "cache", "side": 8} | options))


@pytest.fixture
def leaking(make_folder):
    """Of 20 test images of each class 15 are training images, under other names and formats."""
    root = make_folder({"train/a": 60, "train/b": 60, "val/a": 20, "val/b": 20})
    for label in "ab":
        for i in range(10):
            shutil.copy(
                root / "train" / label / f"{i:03}.png", root / "val" / label / f"{i:03}.png"
            )
        for i in range(10, 15):
            with Image.open(root / "train" / label / f"{i:03}.png") as image:
                (root / "val" / label / f"{i:03}.png").unlink()
                image.save(root / "val" / label / f"{i:03}.bmp")
    return root


def test_copies_are_taken_out_of_the_test_split(leaking, tmp_path):
    data = load_here(leaking, tmp_path)
    assert len(data.test) == 10
    assert data.duplicates.test == 30
    assert not data.duplicates.kept
    assert len(data.duplicates.examples) == 5
    for here, there in data.duplicates.examples:
        assert here.startswith("val/")
        assert there.startswith("train/")
        assert here[4:9] == there[6:11]
    train = {image.numpy().tobytes() for image in data.train.images}
    train |= {image.numpy().tobytes() for image in data.search.images}
    assert not train & {image.numpy().tobytes() for image in data.test.images}
    assert data.duplicates.describe().startswith(
        "30 test images are training or search images by content (val/"
    )
    assert data.duplicates.describe().endswith(" and 25 more): taken out")


def test_they_can_be_kept_or_refused(leaking, tmp_path):
    kept = load_here(leaking, tmp_path, duplicates="keep")
    assert (len(kept.test), kept.duplicates.kept, kept.duplicates.test) == (40, True, 30)
    with pytest.raises(ValueError, match=r"^duplicates: 30 test images are training or search "):
        load_here(leaking, tmp_path, duplicates="refuse")


def test_a_class_of_copies_only_is_refused(make_folder, tmp_path):
    root = make_folder({"train/a": 9, "train/b": 9, "val/a": 9, "val/b": 9})
    shutil.rmtree(root / "val" / "b")
    shutil.copytree(root / "train" / "b", root / "val" / "b")
    with pytest.raises(ValueError, match="'b' has no test image that is not in another split"):
        load_here(root, tmp_path)


def test_a_folder_that_is_divided_here_leaks_nothing_either(make_folder, tmp_path):
    root = make_folder({"a": 60, "b": 60})
    for label in "ab":
        for i in range(20):
            shutil.copy(root / label / f"{i:03}.png", root / label / f"copy{i:03}.png")
    data = load_here(root, tmp_path)
    assert data.duplicates.test > 0
    train, search, test = (
        {image.numpy().tobytes() for image in part.images}
        for part in (data.train, data.search, data.test)
    )
    assert len(train | search | test) == len(train) + len(search) + len(test)
    whole = len(data.train) + len(data.search) + len(data.test)
    assert whole == 160 - data.duplicates.test - data.duplicates.search


def test_each_split_is_held_to_the_ones_before_it():
    pixels = np.array([1, 2, 3, 1, 4, 2, 3, 4, 5, 5], np.uint8).reshape(-1, 1, 1, 1)
    digests = row_digests(torch.from_numpy(pixels))
    parts = Parts(train=np.arange(3), search=np.arange(3, 5), test=np.arange(5, 10))
    apart, found = separate(parts, digests, policy="drop", name=str)
    assert apart.train.tolist() == [0, 1, 2]
    assert apart.search.tolist() == [4]
    assert apart.test.tolist() == [8, 9]  # twice in one split is no leak
    assert found == Duplicates(
        search=1, test=3, examples=(("5", "1"), ("6", "2"), ("7", "4"), ("3", "0"))
    )
    assert Duplicates().describe() == ""
