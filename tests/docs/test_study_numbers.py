"""The numbers in docs/studies are those of the result files.

Before each table stands `<!-- numbers: FILE: HEADING -->`: a Markdown file in studies/results, and
how the heading of one of its tables begins (within another: `HEADING > HEADING`). Every
row of the page's table must be a row of that one. Columns are matched by name; a page may leave
out columns, rows, the end of a cell (a p value, a number of seeds) and digits, rightly rounded.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from documents import DOCS, ROOT, text_of

RESULTS = ROOT / "studies" / "results"
PAGES = sorted((DOCS / "studies").glob("*.md"))
SOURCE = re.compile(r"<!-- numbers: (\S+\.md): (.+) -->")
TABLE = re.compile(r"((?:^\|.*\|$\n?)+)", re.MULTILINE)
NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?")
DECIMAL = re.compile(r"(?<![\d.:])\d+\.\d\d(?!\d)")


class Table(NamedTuple):
    columns: list[str]
    rows: list[list[str]]


class Case(NamedTuple):
    page: str
    file: str
    heading: str
    table: Table


def read_table(text: str) -> Table:
    lines = [line.strip().strip("|").split("|") for line in text.strip().splitlines()]
    cells = [[cell.strip().replace("**", "") for cell in line] for line in lines]
    return Table(cells[0], cells[2:])


def cases() -> list[Case]:
    found = []
    for page in PAGES:
        text = text_of(page)
        for mark in SOURCE.finditer(text):
            table = TABLE.match(text, mark.end() + 1)
            assert table, f"{page.name}: no table after {mark[0]}"
            found.append(Case(page.name, mark[1], mark[2], read_table(table[1])))
    return found


def source(file: str, heading: str) -> Table:
    """The first table below a heading of a result file."""
    text = text_of(RESULTS / file)
    place = 0
    for part in heading.split(" > "):
        found = re.compile(rf"^(?:#+ |\*\*|\|? ?){re.escape(part)}", re.MULTILINE).search(
            text, place
        )
        assert found, f"{file} has no heading {part!r}"
        place = found.start()
    table = TABLE.search(text, place)
    assert table, f"{file}: no table below {heading!r}"
    return read_table(table[1])


def same(shown: str, held: str) -> bool:
    """Whether a cell is the beginning of another, its numbers rightly rounded."""
    if held in ("", "-"):
        return shown == ""
    if shown == "":  # a page need not say that the first row differs from itself by nothing
        return NUMBER.match(held) is not None and float(held.split()[0]) == 0
    short, long = shown.split(), held.split()
    return len(short) <= len(long) and all(map(same_word, short, long))


def same_word(shown: str, held: str) -> bool:
    if NUMBER.sub("#", shown) != NUMBER.sub("#", held) and shown != held.rstrip(",;"):
        return False
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(held), strict=True)
    return all(rounded(*pair) for pair in pairs)


def rounded(shown: str, held: str) -> bool:
    short, long = shown.replace(",", ""), held.replace(",", "")
    if ("+" in short) != ("+" in long):
        return False
    half = 0.5 * 10.0 ** -len(short.partition(".")[2])
    exact = len(short.partition(".")[2]) >= len(long.partition(".")[2])
    return short == long if exact else abs(float(short) - float(long)) <= half + 1e-9


def column_of(name: str, table: Table) -> int:
    """A column's place: its name, or the only one that begins with it."""
    if name in table.columns:
        return table.columns.index(name)
    found = [i for i, column in enumerate(table.columns) if name and column.startswith(name)]
    assert len(found) == 1, f"no column {name!r} in {table.columns}"
    return found[0]


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.page}: {case.heading}")
def test_every_row_is_a_row_of_the_results(case: Case) -> None:
    held = source(case.file, case.heading)
    places = [column_of(name, held) for name in case.table.columns]
    for row in case.table.rows:
        assert len(row) == len(places), row
        candidates = [[line[place] for place in places] for line in held.rows]
        near = [line for line in candidates if line[0] == row[0]]
        assert any(all(map(same, row, line)) for line in candidates), f"{row} is not in {near}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_table_names_its_source(page: Path) -> None:
    tables, marks = TABLE.findall(text_of(page)), SOURCE.findall(text_of(page))
    assert len(tables) == (1 if page.stem == "index" else len(marks))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_decimals_in_sentences_stand_in_the_results(page: Path) -> None:
    text = text_of(page)
    files = {RESULTS / name for name in re.findall(r"studies/results/([\w/]+\.md)", text)}
    known = "\n".join(map(text_of, files))
    for line in text.splitlines():
        if not line.startswith(("|", "```", ".venv", "OMP")):
            for number in DECIMAL.findall(line):
                assert re.search(rf"(?<![\d.]){re.escape(number)}", known), f"{number}: {line}"


@pytest.mark.parametrize(
    ("shown", "held", "alike"),
    [
        ("85.56 ± 0.36", "85.56 ± 0.36 (2)", True),
        ("+0.05 ± 0.13, p = 0.7", "+0.05 ± 0.13, p = 0.7", True),
        ("-1.35 ± 0.23", "-1.35 ± 0.23, p = 0.11", True),
        ("0.79 (0.72 to 0.91)", "0.789 (0.720 to 0.912)", True),
        ("0.78", "0.789", False),
        ("+2.50", "+2.73", False),
        ("+2.73", "-2.73", False),
        ("2.73", "+2.73", False),
        ("350", "355", False),
        ("", "+0.00 ± 0.00, p = 1", True),
        ("", "+0.10", False),
        ("1,571", "1,571", True),
        ("31", "31*", False),
        ("searched fixed", "searched", False),
    ],
)
def test_cells_are_compared_as_said(shown: str, held: str, alike: bool) -> None:
    assert same(shown, held) is alike
