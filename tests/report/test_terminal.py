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


def test_names_are_no_markup():
    rows = shown(fixture.family(member="[red]S4"))
    assert rows[-1].startswith("[red]S4 ")
