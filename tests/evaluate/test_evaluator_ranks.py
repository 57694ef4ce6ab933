from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tiny_evaluation import evaluator, some_paths

from escalade.evaluate.store import EvaluationStore
from escalade.evaluate.store_rows import ScoreRow
from rank_processes import run_ranks

SCRIPT = Path(__file__).with_name("rank_evaluation.py")


@pytest.mark.slow
def test_two_ranks_store_what_one_stores(tmp_path: Path) -> None:
    run_ranks(SCRIPT, tmp_path / "two.sqlite")
    with evaluator(tmp_path / "one.sqlite") as one:
        one.score(some_paths())
    assert _rows(tmp_path / "two.sqlite") == _rows(tmp_path / "one.sqlite")


def _rows(file: Path) -> list[ScoreRow]:
    return [replace(row, seconds=0.0) for row in EvaluationStore(file).rows()]
