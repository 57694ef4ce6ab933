"""Classes in the report: images, recall, and what an accuracy stands on."""

from __future__ import annotations

import html
import json

import fixture
import reading
from test_terminal import uneven

from escalade.report.page import write


def page(folder, **family):
    fixture.build(folder)
    found = uneven(fixture.family()) | family
    (folder / "family" / "family.json").write_text(json.dumps(found))
    images = {"train": [400, 9], "search": [50, 2], "test": [500, 5]}
    planned = fixture.plan(classes=["common", "rare"], images=images, remarks=["x is <left> out"])
    (folder / "plan.json").write_text(json.dumps(planned))
    return write(folder)


def test_a_row_a_class_with_images_and_recall(tmp_path):
    rows = reading.rows(page(tmp_path / "run"), "classes")
    assert rows["Class"][:4] == ["Train|images", "Search|images", "Test|images", "S0|recall"]
    assert rows["common"][:4] == ["400", "50", "500", "100.0 %"]
    assert rows["rare"] == ["9", "2", "5", *["0.0 %"] * 5]


def test_the_first_screen_says_what_the_accuracy_stands_on(tmp_path):
    path = page(tmp_path / "run")
    text = html.unescape(reading.text(path))
    assert "99.0 % of the 505 test images are 'common'" in text
    assert "Fewer than 10 test images of 1 of 2 classes" in text
    assert "Always answering common is right on 99.0 % of the test images." in text
    assert "x is <left> out" not in path.read_text()
    assert "x is <left> out" in text
    rows = reading.rows(path, "family")
    assert "Balanced" in rows["Member"]
    assert "50.0 %" in rows["S0|searched, retrained"]


def test_very_many_classes_are_those_known_least(tmp_path):
    names = [f"c{i:03}" for i in range(80)]
    folder = tmp_path / "run"
    fixture.build(folder)
    found = fixture.family()
    found["tested"] = {"classes": names, "images": [100] * 80}
    for member in found["members"]:
        member["accuracy"] |= {"balanced": 0.395, "correct": list(range(80))}
    (folder / "family" / "family.json").write_text(json.dumps(found))
    path = write(folder)
    rows = reading.rows(path, "classes")
    assert list(rows)[1:] == names[:50]
    assert "Shown are the 50 of 80 classes" in reading.text(path)


def test_without_counts_there_is_no_section(tmp_path):
    assert "#classes" not in reading.text(write(fixture.build(tmp_path / "run")))
