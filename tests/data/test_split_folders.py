"""Splits and classes as people lay them out: recognised, or refused with the names."""

import os
import unicodedata

import pytest
from PIL import Image

from escalade.data import load
from escalade.data.listing.class_names import class_folders
from escalade.data.listing.split_folders import find_splits
from escalade.data.splits.stratified import SEARCH, TEST, TRAIN


def make(root, layout):
    """Empty files; a name that ends in a slash is a folder."""
    for name in layout:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            path.write_bytes(b"")
    return root


def parts(root):
    return {split: folder.name for split, folder in find_splits(root).parts}


CLASSES = ("a/1.png", "b/1.png")


def split_folders(*names):
    return [f"{name}/{inner}" for name in names for inner in CLASSES]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("train", "eval"), {TRAIN: "train", TEST: "eval"}),
        (("training", "validation"), {TRAIN: "training", TEST: "validation"}),
        (("Train", "Val", "TEST"), {TRAIN: "Train", SEARCH: "Val", TEST: "TEST"}),
        (("train_set", "Test images"), {TRAIN: "train_set", TEST: "Test images"}),
        (("trainset", "dev", "testing"), {TRAIN: "trainset", SEARCH: "dev", TEST: "testing"}),
        (("train",), {TRAIN: "train"}),
        (("train2017", "val2017"), {TRAIN: "train2017", TEST: "val2017"}),
        (("seg_train", "seg_test"), {TRAIN: "seg_train", TEST: "seg_test"}),
        (
            ("set-v2 Train", "set-v2 val", "set-v2 test"),
            {TRAIN: "set-v2 Train", SEARCH: "set-v2 val", TEST: "set-v2 test"},
        ),
        (("train", "test_1"), {TRAIN: "train", TEST: "test_1"}),
    ],
)
def test_spellings(names, expected, tmp_path):
    found = parts(make(tmp_path, split_folders(*names)))
    assert found == {split: name or tmp_path.name for split, name in expected.items()}


@pytest.mark.parametrize(
    "names",
    [("cat", "dog"), ("train_station", "test_tube"), ("bus", "train1"), ("trainer", "tester")],
)
def test_classes_that_are_no_splits(names, tmp_path):
    assert parts(make(tmp_path, [f"{name}/1.png" for name in names])) == {TRAIN: tmp_path.name}


@pytest.mark.parametrize(
    ("layout", "first", "second"),
    [
        (split_folders("val", "test"), "val", "test"),
        (["val2017/1.png", "test2017/1.png"], "val2017", "test2017"),
        (["cat/1.png", "dog/1.png", "test/1.png"], "test", "cat"),
        (split_folders("fold1", "fold2"), "fold1", "fold2"),
        (split_folders("trainval", "holdout"), "holdout", "trainval"),
    ],
)
def test_splits_are_never_classes(layout, first, second, tmp_path):
    with pytest.raises(ValueError, match="call") as caught:
        find_splits(make(tmp_path, layout))
    assert {f"'{first}'", f"'{second}'"} < set(str(caught.value).split())


def test_class_folders_with_other_folders_or_images_in_them_are_classes(tmp_path):
    for i, more in enumerate([["a/c/1.png"], ["b/1.png"]]):
        root = make(tmp_path / str(i), [*split_folders("a", "b"), *more])
        assert parts(root) == {TRAIN: root.name}


def test_a_split_within_a_folder_of_its_name(tmp_path):
    root = make(tmp_path, split_folders("seg_train/seg_train", "seg_test/seg_test"))
    found = dict(find_splits(make(root, ["seg_pred/1.png"])).parts)
    assert found == {TRAIN: root / "seg_train/seg_train", TEST: root / "seg_test/seg_test"}


@pytest.mark.parametrize(
    ("names", "twice"),
    [
        (("Train", "train", "val"), ("Train", "train")),
        (("train", "eval", "validation"), ("eval", "validation")),
        (("train2014", "train2017", "val2017"), ("train2014", "train2017")),
    ],
)
def test_two_spellings_of_one_split(names, twice, tmp_path):
    root = make(tmp_path, split_folders(*names))
    with pytest.raises(ValueError, match="are both called like the same split") as caught:
        find_splits(root)
    assert all(f"'{name}'" in str(caught.value) for name in twice)


def test_a_split_of_another_name_is_not_a_class(tmp_path):
    root = make(tmp_path, split_folders("train", "holdout"))
    with pytest.raises(ValueError, match=r"'train' holds class folders, but 'holdout' beside it"):
        find_splits(root)


def test_nothing_beside_splits_is_left_out_without_a_word(tmp_path):
    more = ["test/1.png", "test/2.png", "labels.csv", "train/stray.png", "old/a/1.png"]
    found = find_splits(make(tmp_path, split_folders("train", "val") + more))
    assert dict(found.parts) == {TRAIN: tmp_path / "train", TEST: tmp_path / "val"}
    assert found.remarks == (
        "old is left out: it is called like no split",
        "1 file beside the folders left out, such as labels.csv",
        "test is left out: its 2 files stand in no class folders, so that nothing can be scored "
        "on them",
        "1 file beside the folders left out, such as train/stray.png",
    )


def test_training_images_are_divided_where_nothing_else_can_be_scored(make_folder, tmp_path):
    root = make_folder({"train/a": 20, "train/b": 20, "test": 5, "val": 0})
    (root / "train" / "a" / "notes.txt").write_text("not an image")
    data = load(root, cache_dir=tmp_path / "cache", side=8)
    assert [len(part) for part in (data.train, data.search, data.test)] == [28, 4, 8]
    assert [remark.split(":")[0] for remark in data.remarks] == [
        "val is left out",
        "test is left out",
        "1 file left out that no image begins like, such as train/a/notes.txt",
    ]


def test_a_split_that_lacks_classes_is_refused(make_folder, tmp_path):
    root = make_folder({"train/a": 9, "train/b": 9, "train/c": 9, "val/a": 9})
    with pytest.raises(ValueError, match=r"val: lacks the class 'b' and 1 more of the 3 in") as e:
        load(root, cache_dir=tmp_path / "cache", side=8)
    assert str(e.value).count("\n") <= 2


def test_a_class_in_another_case_is_named_with_what_it_may_be(make_folder, tmp_path):
    root = make_folder({"train/Cat": 9, "train/dog": 9, "val/cat": 9, "val/dog": 9})
    with pytest.raises(ValueError, match=r"has the class 'cat' that .* \(is it 'Cat'\?\)"):
        load(root, cache_dir=tmp_path / "cache", side=8)


def test_names_are_compared_as_they_are_read(tmp_path, make_folder):
    composed = "caf\N{LATIN SMALL LETTER E WITH ACUTE}"
    parted = unicodedata.normalize("NFD", composed)
    layout = {f"train/{parted}": 9, "train/dog": 9, f"val/{composed}": 9, "val/dog": 9}
    data = load(make_folder(layout), cache_dir=tmp_path / "cache", side=8)
    assert data.classes == (composed, "dog")
    assert len(data.test) == 18


@pytest.mark.parametrize(
    ("first", "second"),
    [("caf\u00e9", "cafe\u0301"), ("cat", "cat\u200b"), ("cat", "cat "), ("\uff43at", "cat")],
)
def test_folders_that_look_alike_are_told_apart(first, second, tmp_path):
    with pytest.raises(ValueError, match="look the same") as caught:
        class_folders([first, second], where=tmp_path)
    assert ascii(first) in str(caught.value)
    assert ascii(second) in str(caught.value)


def test_classes_in_two_cases_are_two_and_told(make_folder, tmp_path):
    data = load(make_folder({"A": 9, "a": 9}), cache_dir=tmp_path / "cache", side=8)
    assert data.classes == ("A", "a")
    assert data.remarks == ("the classes 'A' and 'a' differ in case only",)


def test_a_pipe_called_like_an_image_is_not_waited_for(make_folder, tmp_path):
    root = make_folder({"a": 9, "b": 9})
    os.mkfifo(root / "a" / "pipe.png")
    os.mkfifo(root / "a" / "pipe")
    data = load(root, cache_dir=tmp_path / "cache", side=8)
    assert len(data.skipped) == 0
    assert data.remarks == ("2 files left out that no image begins like, such as a/pipe",)


def test_files_without_suffix_are_images_where_they_begin_so(make_folder, tmp_path):
    root = make_folder({"a": 9, "b": 9})
    for number, format_ in enumerate(
        ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "JPEG2000", "BMP", "PPM", "ICO")
    ):
        Image.radial_gradient("L").rotate(number).save(root / "b" / f"{format_}", format_)
    for name, text in (("README", "not an image"), ("BMI", "BM and so on, and on and on")):
        (root / "b" / name).write_text(text)
    (root / "b" / "P1").write_text("P1 is a file of no image")
    data = load(root, cache_dir=tmp_path / "cache", side=8)
    assert len(data.train) + len(data.search) + len(data.test) == 27
    assert data.remarks == ("3 files left out that no image begins like, such as b/BMI",)


def test_what_is_hidden_is_told_where_it_holds_images(make_folder, tmp_path):
    root = make_folder({"a": 9, "b": 9, ".c": 3, "a/.d": 2, ".git": 0})
    (root / ".git" / "config").write_text("no image")
    (root / "a" / ".DS_Store").write_text("no image")
    (root / "a" / ".1.png").write_bytes((root / "a" / "001.png").read_bytes())
    data = load(root, cache_dir=tmp_path / "cache", side=8)
    assert data.classes == ("a", "b")
    assert data.remarks == (
        "1 folder of images left out, hidden by a '.', such as .c",
        "3 images left out, hidden by a '.', such as a/.1.png",
    )
