from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from tiny_evaluation import evaluator, some_paths

from escalade.evaluate.store import Row, Store

SCRIPT = Path(__file__).with_name("rank_evaluation.py")


def test_two_ranks_store_what_one_stores(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    common = {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "WORLD_SIZE": "2",
    }
    command = [sys.executable, str(SCRIPT), str(tmp_path / "two.sqlite")]
    ranks = [subprocess.Popen(command, env=os.environ | common | {"RANK": rank}) for rank in "01"]
    assert [rank.wait(timeout=120) for rank in ranks] == [0, 0]
    with evaluator(tmp_path / "one.sqlite") as one:
        one.score(some_paths())
    assert _rows(tmp_path / "two.sqlite") == _rows(tmp_path / "one.sqlite")


def _rows(file: Path) -> list[Row]:
    return [replace(row, seconds=0.0) for row in Store(file).rows()]
