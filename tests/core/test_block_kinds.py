"""Kinds of blocks are named where they are defined, and nowhere else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from escalade.core.network.kinds import KINDS

PACKAGE = Path(__file__).parents[2] / "src" / "escalade"
DEFINED = ("core/network/block.py", "core/network/kinds.py", "nets/mobile.py", "nets/residual.py")
# These are words for other things, too: a layer, a growth function, a choice of a space's file.
ALSO_OTHERS = {"conv", "linear", "identity"}


def names_of_kinds(tree: ast.AST) -> set[tuple[int, str]]:
    """Line and text of the strings that name a kind of block."""
    plain = {each for each in _strings(tree) if each[1] not in ALSO_OTHERS}
    others = {each for node in ast.walk(tree) if _is_about_kinds(node) for each in _strings(node)}
    return {(line, text) for line, text in plain | others if text in KINDS}


def _strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def _is_about_kinds(node: ast.AST) -> bool:
    """A comparison with something named kind, an argument of that name, a list with kinds in it."""
    if isinstance(node, ast.keyword):
        return node.arg == "kind"
    if isinstance(node, ast.Compare):
        named = {getattr(each, "attr", getattr(each, "id", "")) for each in ast.walk(node)}
        return "kind" in named
    if isinstance(node, ast.Dict | ast.List | ast.Tuple | ast.Set):
        return any(text in KINDS.keys() - ALSO_OTHERS for _, text in _strings(node))
    return False


@pytest.mark.parametrize(
    ("code", "num"),
    [
        ('x = Block(kind="mbconv")', 1),
        ('x = block.kind == "linear"', 1),
        ('x = Block(kind="identity")', 1),
        ('x = block.kind in ("linear", "identity")', 2),
        ('x = {"mbconv": 1, "linear": 2}', 2),
        ('def f():\n    """About mbconv."""', 0),
        ('x = {"linear": fit_linear}', 0),
        ('IDENTITY = "identity"', 0),
    ],
)
def test_the_reader_sees_names(code: str, num: int) -> None:
    assert len(names_of_kinds(ast.parse(code))) == num


def test_kinds_are_named_where_they_are_defined() -> None:
    found = {
        str(file.relative_to(PACKAGE)): names_of_kinds(ast.parse(file.read_text("utf-8")))
        for file in sorted(PACKAGE.rglob("*.py"))
    }
    assert {file: names for file, names in found.items() if names and file not in DEFINED} == {}
    assert all(found[file] for file in DEFINED)
