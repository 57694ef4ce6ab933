"""Small files cannot take the machine: what YAML and JSON may hold, and what is refused at once."""

from __future__ import annotations

import json
import resource
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from escalade.artefacts.texts import MOST_DEPTH, parse_json, parse_yaml, read_text
from escalade.core.values.invalid import Invalid

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=20,
)


def laughs(form: str, levels: int = 9) -> str:
    """Every level holds the one before ten times."""
    text = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for before, name in zip("abcdefgh"[:levels], "bcdefghi"[:levels], strict=True):
        text += f"{name}: &{name} " + form.format(", ".join([f"*{before}"] * 10)) + "\n"
    return text


@pytest.mark.slow
@given(VALUES)
def test_what_is_small_is_read_as_ever(value: Any) -> None:
    assert parse_json(json.dumps(value)) == value
    text = yaml.safe_dump(value)
    assert parse_yaml(text) == yaml.safe_load(text)


def test_what_is_no_number_is_none() -> None:
    assert parse_json("[NaN, Infinity]") == [None, None]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (laughs("[{}]", 8), "aliases stand for too much"),
        ("x: &x {a: 1}\n" + "".join(
            f"{n}: &{n} {{<<: [{', '.join([f'*{b}'] * 10)}]}}\n"
            for b, n in zip("xbcdefgh", "bcdefghi", strict=True)
        ), "aliases stand for too much"),
        ("s: &s " + "x" * 100_000 + "\nmany: [" + ", ".join(["*s"] * 10_000) + "]", "too much"),
        ("a: &a [*a]", "holds itself"),
        ("a: &a {b: {c: *a}}", "holds itself"),
        ("[" * 100_000, "nested more than 50 deep"),
        ("{a: " * 100_000, "nested more than 50 deep"),
        ("- " * 1_000, "nested more than 50 deep"),
        ("a: &a [1]\n" + "".join(f"a{i}: &a{i} [*a{i - 1 or ''}]\n" for i in range(1, 99)), "deep"),
        ("seed: " + "9" * 5_000, "a number of more than 400 digits"),
        ("seed: 0x" + "f" * 100_000, "a number of more than 400 digits"),
        ("seed: 1" + ":30" * 50_000, "a number of more than 400 digits"),
        ("x: !!python/object/apply:os.system ['true']", "could not determine a constructor"),
        ("x: !!int ''", "not valid YAML"),
        ("x: !!bool maybe", "not valid YAML"),
        ("x: !!timestamp soon", "not valid YAML"),
        ("x: !!float .", "not valid YAML"),
        ("? [1, 2]\n: 3", "not valid YAML|unhashable"),
    ],
)  # fmt: skip
def test_yaml_that_would_take_the_machine(text: str, problem: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF)
    with pytest.raises(Invalid, match=problem) as error:
        parse_yaml(text)
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert after.ru_utime - before.ru_utime < 5
    assert after.ru_maxrss - before.ru_maxrss < 300_000  # kB
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "[" * 900 + "]" * 900, '{"a": ' * 60 + "1" + "}" * 60]
)
def test_json_that_is_too_deep(text: str) -> None:
    with pytest.raises(ValueError, match=f"more than {MOST_DEPTH} deep|Expecting value"):
        parse_json(text)


def test_json_with_a_number_of_many_digits() -> None:
    with pytest.raises(ValueError, match="digits"):
        parse_json("9" * 100_000)


def test_a_file_is_read_no_further_than_it_may_be(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes("ä\r\nb\rc".encode())
    assert read_text(path) == "ä\nb\nc"
    path.write_bytes(b"x" * 101)
    assert len(read_text(path, most=101)) == 101
    with pytest.raises(Invalid, match="at most 100 bytes"):
        read_text(path, most=100)
    with pytest.raises(Invalid, match="too large"):
        read_text(Path("/dev/zero"))
    path.write_bytes(b"\xff")
    with pytest.raises(ValueError, match="utf-8"):
        read_text(path)
