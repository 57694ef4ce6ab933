"""What a plan says of the images."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from escalade.core.numbers.class_counts import Balance
from escalade.data import ImageData, load
from escalade.planning.data_lines import data_facts, data_lines


def images(root: Path, layout: dict[str, int]) -> ImageData:
    rng = np.random.default_rng(0)
    for name, num in layout.items():
        (root / "x" / name).mkdir(parents=True)
        for i in range(num):
            pixels = rng.integers(0, 256, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(root / "x" / name / f"{i:04}.png")
    return load(root / "x", cache_dir=root / "cache", side=8)


def test_equal_classes_are_one_line(tmp_path: Path) -> None:
    data = images(tmp_path, {"a": 50, "b": 50})
    assert data_lines(data) == [
        "data    x: 2 classes, 70 train, 10 search, 20 test images, 1 channel, 8 pixels",
        "        each class has 35 train, 5 search, 10 test images",
    ]


def test_other_classes_are_a_table_with_what_to_know(tmp_path: Path) -> None:
    data = images(tmp_path, {"common": 200, "rare": 10})
    _, header, common, rare, unequal, few = data_lines(data)
    assert header.split() == ["class", "train", "search", "test"]
    assert common.split() == ["common", "140", "20", "40"]
    assert rare.split() == ["rare", "7", "1", "2"]
    assert "95.2 % of the 42 test images are 'common'" in unequal
    assert unequal.endswith("`--balance sampling` draws every class equally often in training.")
    assert "('rare' 2)" in few
    facts = data_facts(data)
    assert facts["images"] == {"train": [140, 7], "search": [20, 1], "test": [40, 2]}
    assert facts["majority"] == {"class": "common", "share": 40 / 42}
    assert facts["duplicates"] == {"kept": False, "search": 0, "test": 0, "example": None}


@pytest.mark.parametrize(
    ("balance", "told"),
    [
        ("sampling", "in training every class is drawn equally often"),
        ("loss", "in training an image's loss is weighted by the inverse of its class's images"),
    ],
)
def test_how_training_makes_up_for_unequal_classes_is_said(
    tmp_path: Path, balance: Balance, told: str
) -> None:
    data = replace(images(tmp_path, {"common": 200, "rare": 10}), balance=balance)
    lines = data_lines(data)
    assert lines[-1].strip() == told
    assert "--balance" not in "".join(lines)


def test_of_many_classes_the_smallest_are_shown_and_the_largest(tmp_path: Path) -> None:
    data = images(tmp_path, {f"c{i:02}": 10 + i for i in range(20)})
    lines = data_lines(data)
    assert [line.split()[0] for line in lines[2:9]] == [
        "c00", "c01", "c02", "c03", "c04", "...", "c19",
    ]  # fmt: skip
    assert lines[7].strip() == "... 14 more"


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    layout = {"train/a": 20, "train/b": 20, "val/a": 12, "val/b": 12, "test": 3}
    data = images(tmp_path, layout)
    (tmp_path / "x" / "train" / "a" / "0000.png").write_bytes(b"broken")
    data = load(tmp_path / "x", cache_dir=tmp_path / "cache", side=8)
    text = "\n".join(data_lines(data))
    assert "test is left out: its 3 files stand in no class folders" in text
    assert "1 unusable image left out, such as train/a/0000.png" in text


def test_several_labels_are_told_and_counted(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = ["file,labels"]
    for i in range(40):
        pixels = rng.integers(0, 256, (8, 8), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
        rows.append(f"{i}.png,{'a;b' if i < 10 else 'ab'[i % 2]}")
    (tmp_path / "t.csv").write_text("\n".join(rows))
    data = load(tmp_path / "t.csv", cache_dir=tmp_path / "cache", side=8)
    assert data_lines(data)[0].startswith("data    t: 2 classes, several labels an image, ")
    facts = data_facts(data)
    assert facts["task"] == "multilabel"
    images = facts["images"]
    assert [sum(images[split][i] for split in images) for i in range(2)] == [25, 25]
    assert sum(facts[split] for split in images) == 40
