"""The rows of docs/explanation/papers.md: what is claimed, the command, what shows it."""

from __future__ import annotations

import re
from typing import NamedTuple

from documents import DOCS, SPAN, text_of

PAGE = DOCS / "explanation" / "papers.md"
# Behind a command that nobody runs to see a row: `(2 h)`, `(37 core-hours)`.
HOURS = re.compile(r"\([\d.]+ (?:h\b|core-hours)")


class Row(NamedTuple):
    section: str
    feature: str
    command: str
    seen: str

    @property
    def commands(self) -> list[str]:
        """Its command lines, without those that take hours."""
        parts = re.split(r"(?<=`)[,;] ", self.command)
        short = [part for part in parts if not HOURS.search(part)]
        return [text for part in short for text in SPAN.findall(part) if text[:9] == "escalade "]

    @property
    def is_long(self) -> bool:
        """Whether a part of it takes hours, or is a study."""
        return HOURS.search(self.command) is not None or "`studies/" in self.command


def paper_rows() -> list[Row]:
    """All rows of all tables."""
    lines = [line for line in text_of(PAGE).splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [Row(*row) for row in cells if row[0] not in ("section", "of", "---|---|---|---")]


def commands_to_run() -> list[str]:
    """Every command that takes minutes at most, once, in the page's order."""
    return list(dict.fromkeys(each for row in paper_rows() for each in row.commands))
