"""Tables of files and labels: read as folders are, and refused line by line."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from escalade.data import ImageData, load
from escalade.data.listing.label_sets import LabelSets
from escalade.data.listing.table_listing import list_table

MakeFolder = Callable[..., Path]


def load_here(data: Path, tmp_path: Path, **options: Any) -> ImageData:
    return load(data, **({"cache_dir": tmp_path / "cache", "side": 8} | options))


def write(path: Path, rows: Iterable[Sequence[str]], header: str = "file,label") -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return path


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.png"))


@pytest.fixture
def shapes(tmp_path: Path) -> Path:
    """Twelve images in one folder."""
    rng = np.random.default_rng(0)
    for i in range(12):
        pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i:02}.png")
    return tmp_path


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_a_table_is_the_folder_that_it_lists(
    kind: str, make_folder: MakeFolder, tmp_path: Path
) -> None:
    """Whatever the order of the rows: the same splits to the bit."""
    folder = make_folder({"cat": 20, "dog": 30})
    rows = [(name, name.split("/")[0]) for name in reversed(files(folder))]
    if kind == "csv":
        table = write(folder.parent / "labels.csv", rows)
    else:
        table = folder.parent / "labels.jsonl"
        keys = ("file", "label")
        lines = (json.dumps(dict(zip(keys, row, strict=True))) for row in rows)
        table.write_text("\n\n".join(lines))
    expected = load_here(folder, tmp_path)
    found = load_here(table, tmp_path, root=folder)
    assert (found.digests, found.classes) == (expected.digests, expected.classes)
    assert list(found.entries()) == list(expected.entries())
    assert (found.name, found.label_sets) == ("labels", None)


def test_splits_are_spelt_as_folders_are(make_folder: MakeFolder, tmp_path: Path) -> None:
    layout = {f"{part}/{label}": 5 for part in ("train", "val", "test") for label in "ab"}
    folder = make_folder(layout)
    spelt = {"train": "Training", "val": "dev", "test": "test_set"}
    rows = [(name, name.split("/")[1], spelt[name.split("/")[0]]) for name in files(folder)]
    table = write(folder / "all.csv", rows, "file,labels,split")
    expected = load_here(folder, tmp_path)
    assert load_here(table, tmp_path).digests == expected.digests


def test_without_a_test_split_val_is_the_test_split(
    make_folder: MakeFolder, tmp_path: Path
) -> None:
    folder = make_folder({f"{part}/{label}": 8 for part in ("train", "val") for label in "ab"})
    rows = [(name, name.split("/")[1], name.split("/")[0]) for name in files(folder)]
    table = write(folder / "all.csv", rows, "file,label,split")
    assert load_here(table, tmp_path).digests == load_here(folder, tmp_path).digests


@pytest.mark.parametrize(
    "text",
    [
        "\ufefffile,label\r\n00.png,a\r\n01.png,b\r\n",
        "file;label\n00.png;a\n01.png;b\n",
        "File\tLabel\n00.png\ta\n\n01.png\tb\n",
        'label,file\n"a","./00.png"\nb,01.png\n',
    ],
)
def test_tables_as_programs_write_them(text: str, shapes: Path) -> None:
    table = shapes / "t.csv"
    table.write_bytes(text.encode())
    listing = list_table(table)
    assert (listing.paths, listing.classes) == (("00.png", "01.png"), ("a", "b"))
    assert listing.labels.tolist() == [0, 1]


def test_several_labels_are_sets_of_classes(shapes: Path) -> None:
    rows = [("00.png", "dog; cat"), ("01.png", "cat"), ("02.png", "cat;dog;cat"), ("03.png", "eel")]
    listing = list_table(write(shapes / "t.csv", rows, "file,labels"))
    sets = listing.label_sets
    assert sets is not None
    assert listing.classes == ("cat", "dog", "eel")
    named = {
        path: sets.names(listing.classes)[label]
        for path, label in zip(listing.paths, listing.labels, strict=True)
    }
    assert named == {
        "00.png": "cat;dog", "01.png": "cat", "02.png": "cat;dog", "03.png": "eel",
    }  # fmt: skip
    assert sets.targets.tolist() == [[1, 0, 0], [1, 1, 0], [0, 0, 1]]


def test_lists_of_json_may_hold_the_sign(shapes: Path) -> None:
    table = shapes / "t.jsonl"
    table.write_text(
        '{"file": "00.png", "labels": ["a;b", "c"]}\n{"file": "01.png", "labels": [7]}\n'
    )
    assert list_table(table).classes == ("7", "a;b", "c")


def test_one_label_each_may_be_a_multilabel_task(shapes: Path) -> None:
    table = write(shapes / "t.csv", [("00.png", "a"), ("01.png", "b")])
    assert list_table(table, task="multilabel").label_sets == LabelSets(
        sets=((0,), (1,)), num_classes=2
    )


def test_every_split_has_every_class_of_several(tmp_path: Path) -> None:
    """The rare class goes with a common one all the time."""
    rng = np.random.default_rng(1)
    rows = []
    for i in range(60):
        pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i:02}.png")
        names = ["sky"] * (i % 2) + ["sea"] * (i % 3 == 0) + ["bird"] * (i < 4)
        rows.append((f"{i:02}.png", ";".join(names or ["land"])))
    data = load_here(write(tmp_path / "t.csv", rows, "file,labels"), tmp_path)
    assert len(data.train) + len(data.search) + len(data.test) == 60
    for split in (data.train, data.search, data.test):
        assert min(data.counts(split).images) > 0
    of = {(each.image, each.class_name) for each in data.entries()}
    given = {(file, ";".join(sorted(text.split(";")))) for file, text in rows}
    assert of == given


def test_another_label_is_another_image(shapes: Path, tmp_path: Path) -> None:
    """Though both tables have as many sets, in the same places."""
    digests = []
    for other in ("b", "c"):
        rows = [(f"{i:02}.png", "a;b;c" if i < 4 else "a;" + other) for i in range(12)]
        table = write(shapes / f"{other}.csv", rows, "file,labels")
        digests.append(load_here(table, tmp_path).digests)
    assert digests[0].train != digests[1].train


REFUSED = [
    ("file,label\n", "has no rows"),
    ("", "has no column 'file'"),
    ("file,label\n00.png,a\nx.png,a\ny.png,b\n", "2 of 3 files are not in .*'x.png', 'y.png'"),
    ("file,label\n00.png,a\n00.png,b\n", "lines 2 and 3 give '00.png' different labels"),
    ("file,label,split\n00.png,a,train\n00.png,a,test\n", "different splits"),
    ("file,label\n00.png,\n", "line 2 has no label for '00.png'"),
    ("file,label\n00.png, ; \n", "line 2 has no label"),
    ("file,label\n,a\n", "line 2 names no file"),
    ("file,lable\n00.png,a\n", "column 'lable', which is not known; did you mean label"),
    ("file,label,size\n00.png,a,3\n", "column 'size', which is not known; columns are"),
    ("file\n00.png\n", "has no column 'label'"),
    ("file,label,labels\n00.png,a,b\n", "both 'label' and 'labels'"),
    ("file,label,file\n00.png,a,b\n", "a column twice"),
    ("file,label\n00.png;a\n", "line 2 has 1 cells, the first line 2"),
    ('file,label\n00.png,"a\n', "line 2 is no CSV"),
    ("file,label\n../00.png,a\n", "outside"),
    ("file,label\n/etc/passwd,a\n", "outside"),
    ("file,label\n00.png,a\n01.png,a\n", "one label only, 'a'"),
    ("file,label\n00.png,a\n01.png,a \u200b\n", "look the same"),
    ("file,label,split\n00.png,a,train\n01.png,b,\n", "line 3 has no split, and others have"),
    ("file,label,split\n00.png,a,sometimes\n", "the split 'sometimes'; use train, val, test"),
    ("file,label,split\n00.png,a,val\n01.png,b,test\n", "no rows of the split train"),
    (
        "file,label,split\n00.png,a,train\n01.png,b,train\n02.png,a,test\n03.png,b,test\n"
        "04.png,c,test\n",
        "the label 'c' is in the test rows, not in those of train",
    ),
    (
        "file,label,split\n00.png,a,train\n01.png,b,train\n02.png,a,test\n",
        "the test rows lack the label 'b' of the 2 in train",
    ),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_refused(text: str, message: str, shapes: Path) -> None:
    table = shapes / "t.csv"
    table.write_text(text)
    with pytest.raises(ValueError, match=message) as caught:
        list_table(table)
    assert str(table) in str(caught.value)
    assert str(caught.value).count("\n") <= 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"file,label\n00.png,caf\xe9\n", "line 2 is no UTF-8; save the table as UTF-8"),
        ("file,label\n00.png,a\n".encode("utf-16"), "line 1 is no UTF-8"),
    ],
)
def test_other_encodings_are_refused(content: bytes, message: str, shapes: Path) -> None:
    table = shapes / "t.csv"
    table.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        list_table(table)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"file": "00.png", "label": ', "line 1 is no JSON"),
        ("[1]", "line 1 is .*such as"),
        ('{"file": "00.png", "label": []}', "line 1 has no label"),
        ('{"file": "00.png", "label": ["a", null]}', "line 1 has no label"),
        ('{"file": "00.png", "label": true}', "line 1 has no label"),
        ('{"file": 3, "label": "a"}', "line 1 names no file: 3"),
        ('{"file": "00.png", "label": "a", "size": 1}', "line 1 has the column 'size'"),
        ('{"file": "00.png", "label": "\\ud800"}', "line 1 holds halves of characters"),
        ('{"file": "00.png", "label": "a", "split": 1}', "line 1 has the split 1"),
    ],
)
def test_refused_lines_of_json(line: str, message: str, shapes: Path) -> None:
    table = shapes / "t.jsonl"
    table.write_text(line + "\n")
    with pytest.raises(ValueError, match=message):
        list_table(table)


def test_settings_of_a_table(make_folder: MakeFolder, shapes: Path, tmp_path: Path) -> None:
    table = write(shapes / "t.csv", [("00.png", "a;b"), ("01.png", "b")])
    with pytest.raises(ValueError, match="line 2 has 2 labels: a;b; classification takes"):
        list_table(table, task="classification")
    with pytest.raises(ValueError, match="root: there is no folder"):
        list_table(table, root=tmp_path / "nowhere")
    folder = make_folder({"a": 4, "b": 4})
    with pytest.raises(ValueError, match="the data is none"):
        load_here(folder, tmp_path, root=tmp_path)
    with pytest.raises(ValueError, match="have one label each"):
        load("demo", cache_dir=tmp_path, task="multilabel")
    with pytest.raises(ValueError, match="there is no table "):
        load_here(tmp_path / "nolabels.csv", tmp_path)
    (tmp_path / "data.zip").write_bytes(b"PK")
    with pytest.raises(ValueError, match="is a file; give a folder"):
        load_here(tmp_path / "data.zip", tmp_path)


def test_rows_that_say_the_same_again_are_told(shapes: Path) -> None:
    rows = [("00.png", "a"), ("01.png", "b"), ("./00.png", "a")]
    listing = list_table(write(shapes / "t.csv", rows))
    assert listing.paths == ("00.png", "01.png")
    assert listing.remarks == ("1 row of files that other rows name alike",)
