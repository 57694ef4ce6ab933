"""Each row of the papers' page says what shows it, and `make papers` checks just that."""

from __future__ import annotations

import re
import sys

import pytest

from documents import DOCS, ROOT
from paper_rows import PAGE, commands_to_run, paper_rows

RESULTS = re.compile(r"studies/results/[\w/]+\.md")


def test_every_row_says_what_shows_it() -> None:
    rows = paper_rows()
    assert len(rows) > 50
    silent = [row.feature for row in rows if not row.seen]
    assert len(silent) == 1  # what is not there
    assert "accuracies on ImageNet" in silent[0]


def test_every_command_has_its_check(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "papers"))
    monkeypatch.delitem(sys.modules, "checks", raising=False)
    from checks import CHECKS

    assert set(commands_to_run()) == set(CHECKS)


def test_what_takes_hours_names_what_is_kept_of_it() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert "make papers" in text
    for row in paper_rows():
        if not row.is_long:
            continue
        kept = [ROOT / name for name in RESULTS.findall(row.seen)]
        kept += [
            DOCS / "explanation" / name
            for name in re.findall(r"\((\.\./studies/\w+\.md)\)", row.seen)
        ]
        assert kept, row.feature
        for file in kept:
            assert file.stat().st_size > 0
