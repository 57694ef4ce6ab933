"""What a reader finds on a page, from its HTML."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any


def text(page: Path) -> str:
    """The HTML with every run of white space as one space."""
    return re.sub(r"\s+", " ", page.read_text(encoding="utf-8"))


def figures(page: Path) -> dict[str, Any]:
    """The figures that the page's script draws, by name."""
    stated = re.search(r'id="figures">(.*?)</script>', page.read_text(), re.DOTALL)
    return json.loads(stated[1])


def rows(page: Path, kind: str) -> dict[str, list[str]]:
    """The texts of a table's cells by its rows' first; parts of a cell are divided by |."""
    body = re.search(rf'<table class="{kind}">(.*?)</table>', text(page))[1]
    found = {}
    for row in re.findall(r"<tr[^>]*>(.*?)</tr>", body):
        cells = re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
        plain = [re.sub(r"\s*(<[^>]*>\s*)+", "|", cell).strip("| ") for cell in cells]
        first, *others = map(html.unescape, plain)
        found[first] = others
    return found
