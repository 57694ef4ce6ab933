"""The documents, and what they are made of: code blocks, code spans, commands, tables."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "escalade"
DOCS = ROOT / "docs"
FOLDERS = (DOCS, ROOT / "studies", ROOT / "benchmarks")
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(file for place in FOLDERS for file in place.rglob("*.md"))]
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
# What stands before a command: an environment's variables, a clock, a folder of programs.
PREFIX = re.compile(r"^((?:[A-Z_]+=\S+ )*)(time )?(\.venv/bin/)?")

documents = pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)


def text_of(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def prose_of(document: Path) -> str:
    """Without code blocks."""
    return FENCE.sub("", text_of(document))


def spans(document: Path) -> list[str]:
    """What stands between back-ticks."""
    return SPAN.findall(prose_of(document))


def blocks(document: Path, language: str) -> list[str]:
    return [code for name, code in FENCE.findall(text_of(document)) if name == language]


def commands(document: Path) -> Iterator[list[str]]:
    """Words of every command: lines of shell blocks, and spans that begin like one."""
    lines = [line for block in blocks(document, "sh") for line in block.splitlines()]
    for line in (*lines, *spans(document)):
        line = PREFIX.sub("", line.strip())
        if re.match(r"(escalade|torchrun|python|studies/\w+\.py|make) ", line):
            yield shlex.split(line, comments=True)


def anchors(document: Path) -> set[str]:
    """Headings as they are linked to: lower case, without punctuation, spaces as hyphens."""
    headings = re.findall(r"^#+ (.+)$", prose_of(document), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in headings}
