"""The family table for the terminal."""

from __future__ import annotations

import io

import fixture
from escalade.report.number import NONE
from rich.console import Console

from escalade.core.values.codec import decode
from escalade.family.family import Family
from escalade.report.terminal import family_table


def shown(family):
    console = Console(file=io.StringIO(), width=140)
    console.print(family_table(decode(Family, family)))
    return console.file.getvalue().splitlines()


def test_one_line_a_member():
    header, *rows = shown(fixture.family())
    assert header.split()[:3] == ["member", "weights", "budget"]
    assert [row.split()[0] for row in rows] == ["S0", "S1", "S2", "S3", "S4"]
    assert rows[0].endswith("84.6 %  87.1 %")
    assert "grown, retrained" in rows[4]


def test_rivals_stand_below_their_members():
    """Below the second, which is its rival, stands what it replaced."""
    rows = shown(fixture.family() | {"rivals": fixture.rivals()})[1:]
    assert len(rows) == 5 + 3
    assert rows[1].split()[:2] == ["plain,", "wr"]
    assert rows[1].endswith("83.0 %  86.0 %")
    assert rows[3].split()[:3] == ["before:", "searched,", "finetuned"]
    assert rows[3].endswith("84.0 %  86.0 %")
    assert rows[5].split()[:2] == ["plain,", "dWr"]


def test_names_are_no_markup():
    rows = shown(fixture.family(member="[red]S4"))
    assert rows[-1].startswith("[red]S4 ")


def uneven(family):
    """The fixture's family, tested on 500 images of one class and 5 of another."""
    family["tested"] = {"classes": ["common", "rare"], "images": [500, 5]}
    for member in family["members"]:
        member["accuracy"] |= {"test": 500 / 505, "balanced": 0.5, "correct": [500, 0]}
    return family


def test_unequal_classes_have_a_column_and_a_word():
    header, first, *rest = shown(uneven(fixture.family()))
    assert header.split()[-2:] == ["test", "balanced"]
    assert first.split()[-4:] == ["99.0", "%", "50.0", "%"]
    told = " ".join(" ".join(rest).split())
    assert "99.0 % of the 505 test images are 'common'" in told
    assert "('rare' 5)" in told


def test_equal_classes_have_no_column_of_their_own():
    """Whatever the members' balanced accuracies are, which are known all the same."""
    family = fixture.family() | {"rivals": fixture.rivals()}
    family["tested"] = {"classes": ["a", "b"], "images": [500, 505]}
    for member in family["members"]:
        member["accuracy"]["balanced"] = 0.5
    table = family_table(decode(Family, family))
    assert [column.header for column in table.columns][-1] == "test"
    assert "50.0" not in "".join(shown(family))


def test_unequal_classes_fill_the_column_for_rivals_too():
    family = uneven(fixture.family()) | {"rivals": fixture.rivals()}
    family["rivals"][0]["accuracy"]["balanced"] = 0.25
    rows = shown(family)[1:]
    assert rows[1].endswith("86.0 %    25.0 %")
    assert rows[3].split()[-3:] == ["86.0", "%", NONE]
