"""The house: what may be known where, read from the source tree."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from escalade.core.network import kinds

SRC = Path(__file__).parents[1] / "src" / "escalade"
SPACES = {"Space", "Staged", "PerLayer", "ChoiceList", "QuantisedLinear", "Around", "Layout"}
BLOCK_KINDS = {*kinds.KINDS}
# Some of these are words of their own: they name a kind where a `kind` is given or compared.
WORDS = {"conv", "linear", "identity"}
NAMED_BY = {"BOTTLENECK", "REGNET_Z"}
METHODS = {"mcea", "coarse_to_fine", "nsga2", "random", "independent", "models", "surrogate"}
# Some of the names are words of their own: they name a search where a name is compared or chosen.
ALSO_WORDS = {"random", "independent", "models", "surrogate"}
STEPS = {"single_path", "sandwich", "fair", "taught"}


@cache
def trees() -> dict[str, ast.Module]:
    """Every module by its path within the package."""
    files = sorted(SRC.rglob("*.py"))
    return {f.relative_to(SRC).as_posix(): ast.parse(f.read_text(encoding="utf-8")) for f in files}


def outside(*rooms: str) -> dict[str, ast.Module]:
    return {name: tree for name, tree in trees().items() if not name.startswith(rooms)}


def asked_for(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Where and for what something is asked by `isinstance`."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "isinstance":
            for node in ast.walk(call.args[1]):
                yield call.lineno, getattr(node, "id", "") or getattr(node, "attr", "")


def test_nobody_outside_asks_what_kind_of_space_it_is():
    found = [
        f"{name}:{line}"
        for name, tree in outside("core/space/").items()
        for line, asked in asked_for(tree)
        if asked in SPACES
    ]
    assert found == []


def test_nobody_asks_what_kind_of_shape_a_supernet_has():
    found = [
        f"{name}:{line}"
        for name, tree in trees().items()
        for line, asked in asked_for(tree)
        if asked.endswith("Shape")
    ]
    assert found == []


def test_kinds_of_blocks_stand_with_their_definitions():
    """Elsewhere in the package, but in `nets` and in YAML, none is named."""
    homes = ("core/network/block.py", "core/network/kinds.py", "core/network/regnet.py", "nets/")
    found = []
    for name, tree in trees().items():
        if name.startswith(homes):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and node.value in BLOCK_KINDS - WORDS:
                found.append((name, node.lineno, node.value))
            elif isinstance(node, ast.alias) and node.name in NAMED_BY:
                found.append((name, node.lineno, node.name))
            elif getattr(node, "arg", None) == "kind" or is_of_kinds(node):
                found += [(name, node.lineno, w) for w in texts(node) if w in WORDS]
    assert found == []


def is_of_kinds(node: ast.AST) -> bool:
    """Whether something's `kind` is compared."""
    parts = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
    return any(isinstance(part, ast.Attribute) and part.attr == "kind" for part in parts)


def texts(node: ast.AST) -> list[str]:
    found = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant)]
    return [value for value in found if isinstance(value, str)]


def test_no_layout_is_named_outside_in_a_comparison():
    """A file's `kind` of space is read in `core/space/layouts.py` alone."""
    kinds = {"regnet", "layers", "choices", "around"}
    found = [
        f"{name}:{node.lineno}"
        for name, tree in outside("core/space/").items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and part.value in kinds
    ]
    assert found == []


def compared_or_chosen(tree: ast.Module) -> list[tuple[int, str]]:
    """Strings that something is compared with, chosen by or set to."""
    found = []
    for node in ast.walk(tree):
        parts: list[ast.expr | None] = []
        if isinstance(node, ast.Compare):
            parts = [*sides(node)]
        elif isinstance(node, ast.MatchValue) or (
            isinstance(node, ast.keyword) and node.arg == "method"
        ):
            parts = [node.value]
        for part in parts:
            for constant in ast.walk(part) if part is not None else ():
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                    found.append((constant.lineno, constant.value))
    return found


def test_names_of_searches_stand_with_them():
    modules = outside("search/methods/")
    compared = [
        (name, *at)
        for name, tree in modules.items()
        for at in compared_or_chosen(tree)
        if at[1] in METHODS
    ]
    assert compared + named(METHODS - ALSO_WORDS, modules) == []


def test_names_of_steps_stand_with_them():
    """But for a layout's usual one."""
    assert named(STEPS, outside("train/steps/", "core/space/")) == []


def test_ways_to_weights_are_not_told_by_their_names():
    found = [
        (name, node.lineno)
        for name, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Compare)
        and any(
            isinstance(p, ast.Attribute) and p.attr in {"searched", "weights"} for p in sides(node)
        )
        and any(
            isinstance(each, ast.Constant) and isinstance(each.value, str)
            for each in ast.walk(node)
        )
    ]
    assert found == []


def sides(node: ast.Compare) -> list[ast.expr]:
    return [node.left, *node.comparators]


def named(names: set[str], modules: dict[str, ast.Module]) -> list[tuple[str, int, str]]:
    """Where modules have some names, other than those of streams of random numbers."""
    found = []
    for name, tree in modules.items():
        streams = {id(part) for call in seeds(tree) for part in call.args}
        found += [
            (name, node.lineno, str(node.value))
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and node.value in names and id(node) not in streams
        ]
    return found


def seeds(tree: ast.Module) -> list[ast.Call]:
    """Calls that name a stream of random numbers, whose name decides the draws."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if getattr(call.func, "id", "") == "generator"]


def test_api_reads_as_a_table_of_contents():
    entries = {Path(name).parts[1] for name in trees() if name.startswith("api/")}
    assert len(entries) <= 15


def test_no_name_stands_for_two_things():
    files = Counter(Path(name).name for name in trees())
    twice = [name for name, num in files.items() if num > 1 and name != "__init__.py"]
    classes = Counter(
        node.name
        for tree in trees().values()
        for node in tree.body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert (twice, [name for name, num in classes.items() if num > 1]) == ([], [])


def test_no_modules_import_each_other_in_circles():
    modules = {module(name): name for name in trees()}
    edges = {m: imports(trees()[name]) & set(modules) - {m} for m, name in modules.items()}
    rooms = {m for m, name in modules.items() if name.endswith("__init__.py")}
    edges = {m: targets - rooms for m, targets in edges.items()}
    assert [m for m in edges if m in reachable(m, edges)] == []


def module(name: str) -> str:
    return ".".join(["escalade", *Path(name).with_suffix("").parts]).removesuffix(".__init__")


def imports(tree: ast.Module) -> set[str]:
    """Modules that a module names; for types only, too."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{each.name}" for each in node.names)}
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
    return found


def reachable(start: str, edges: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    rest = [*edges[start]]
    while rest:
        at = rest.pop()
        if at not in seen:
            seen.add(at)
            rest += edges[at]
    return seen


@pytest.mark.parametrize("document", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_the_map_is_true(document):
    """Every file and folder that the map names is there."""
    root = SRC.parents[1]
    text = (root / document).read_text(encoding="utf-8")
    named = re.findall(r"`((?:[a-z_]+/)+[a-z_]*(?:\.(?:py|yaml|md))?)`", text)
    assert len(named) >= (20 if document == "ARCHITECTURE.md" else 3)
    lost = [n for n in named if not any((at / n).exists() for at in (SRC, root, root / "src"))]
    assert lost == []
