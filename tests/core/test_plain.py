"""What names and texts of strangers look like on a terminal."""

from __future__ import annotations

import pytest

from escalade.core.values.invalid import Invalid
from escalade.core.values.plain import one_line, plain
from escalade.core.values.ranges import check_file_name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[2J\x07", "\\x1b[2J\\x07"),
        ("\x9b31m", "\\x9b31m"),  # CSI in one character
        ("a\rb", "a\\rb"),
        ("gnp.\u202egpj", "gnp.\\u202egpj"),
        ("\udcff", "\\udcff"),
        ("Zürich 日本 🚀", "Zürich 日本 🚀"),
        ("👩\u200d🔬", "👩\u200d🔬"),
    ],
)
def test_control_characters_are_written_out(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_one_line_has_no_ends_of_lines() -> None:
    assert one_line("a\nb\tc") == "a\\nb\\tc"


def test_a_message_commands_no_terminal() -> None:
    error = Invalid("is \x1b[31mred", path=("a\nb", "c\x1b]0;title\x07"))
    assert str(error) == "a\\nb.c\\x1b]0;title\\x07: is \\x1b[31mred"


@pytest.mark.parametrize("name", ["S0", "to_2M", "S4 of 5", "Größe", "[S]&", "a" * 100, "a.b"])
def test_names_of_files(name: str) -> None:
    check_file_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", ".", "..", ".hidden", "a/b", "../x", "/x", "a\\b", "C:x", "a\0", "a\n", "\u202ea"),
        *(" a", "a ", "a.", "a" * 101),
    ],
)
def test_names_that_lead_elsewhere(name: str) -> None:
    with pytest.raises(Invalid, match="cannot be the name of a file"):
        check_file_name(name)
