"""The family table for the terminal."""

from __future__ import annotations

import io

import fixture
from rich.console import Console

from escalade.core.values.codec import decode
from escalade.family.family import Family
from escalade.report.terminal import family_table


def shown(family):
    console = Console(file=io.StringIO(), width=140)
    console.print(family_table(decode(Family, family)))
    return console.file.getvalue().replace("\N{NO-BREAK SPACE}", " ").splitlines()


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
