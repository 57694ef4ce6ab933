"""`model.py` in a member's folder: the network for people who have plain torch and timm."""

from __future__ import annotations

import ast
from pathlib import Path
from types import ModuleType
from typing import Any

from escalade.artefacts.files import write_text
from escalade.family.package import Package
from escalade.nets import mobile, parts, residual
from escalade.nets.facts import facts, is_residual

SCRIPT = "model.py"
TEMPLATE = Path(__file__).with_name("script.py")
FIRST, LAST = "# --- this network ---\n", "# --- end ---\n"


def write(folder: Path, *, package: Package) -> Path:
    """Write the stand-alone script beside the weights; returns its path."""
    path = folder / SCRIPT
    write_text(path, script(package))
    return path


def script(package: Package) -> str:
    """The script's text: `script.py` with this network's facts as literals and its builder.

    Names are written as literals, so whatever a user called his classes stays data.
    """
    before, rest = TEMPLATE.read_text(encoding="utf-8").split(FIRST)
    imports: list[ast.stmt] = []
    code: list[str] = []
    for module in (parts, residual if is_residual(package.architecture) else mobile):
        needed, plain = _source(module)
        imports += needed
        code.append(plain)
    lines = [*_new_imports(imports, ast.parse(before).body), "", *_literals(package), ""]
    network = "\n".join(lines) + "\n" + "\n\n".join(code) + "\n\n"
    return before + FIRST + network + LAST + rest.split(LAST)[1]


def _source(module: ModuleType) -> tuple[list[ast.stmt], str]:
    """A builder's imports, but Escalade's own, and its code."""
    text = Path(str(module.__file__)).read_text(encoding="utf-8")
    lines = text.splitlines()
    imports: list[ast.stmt] = []
    docstring, *statements = ast.parse(text).body
    dropped = [docstring]
    for node in statements:
        if isinstance(node, ast.Import | ast.ImportFrom):
            dropped.append(node)
            if not ast.unparse(node).startswith(("from escalade", "from __future__")):
                imports.append(node)
    for node in reversed(dropped):
        del lines[node.lineno - 1 : node.end_lineno]
    return imports, "\n".join(lines).strip() + "\n"


def _new_imports(wanted: list[ast.stmt], there: list[ast.stmt]) -> list[str]:
    """Import lines for what is not imported yet, timm's last."""
    known = {name for node in there for name in _bound(node)}
    lines = {ast.unparse(node) for node in wanted if not _bound(node) <= known}
    return sorted(lines, key=lambda line: ("timm" in line, line.startswith("from"), line))


def _bound(node: ast.stmt) -> set[str]:
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    return set()


def _literals(package: Package) -> list[str]:
    arch, steps, network = package.architecture, package.preprocessing, facts(package.architecture)
    return [
        f"NAME = {arch.name!r}",
        "CLASSES = (",
        *(f"    {name!r}," for name in package.classes),
        ")",
        f"CHANNELS, SIDE, RESOLUTION = {arch.in_channels}, {steps.side}, {steps.resolution}",
        f"MEAN = {steps.mean!r}",
        f"STD = {steps.std!r}",
        "NETWORK = {",
        *(f"    {key!r}: {network[key]!r}," for key in network if key != "stages"),
        "    'stages': [",
        *(line for stage in network["stages"] for line in _stage(stage)),
        "    ],",
        "}",
    ]


def _stage(blocks: list[dict[str, Any]]) -> list[str]:
    lines = ["        ["]
    for block in blocks:
        facts_of = [f"{name!r}: {value!r}" for name, value in block.items() if name != "se"]
        lines += [
            "            {",
            *(
                f"                {', '.join(facts_of[i : i + 5])},"
                for i in range(0, len(facts_of), 5)
            ),
            *([f"                'se': {block['se']!r},"] if "se" in block else []),
            "            },",
        ]
    return [*lines, "        ],"]
