from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from escalade.evaluate.store import Context, EvaluationStore, ScoreRow

CONTEXT = Context(supernet="w", data="d", settings="s")
ROW = ScoreRow(
    supernet="w", path="p", data="d", settings="s", num_correct=3, num_images=4, macs=1 << 40,
    params=5, activations=6, resolution=7, seconds=0.5,
)  # fmt: skip


def test_rows_come_back_by_their_whole_key(tmp_path: Path) -> None:
    with EvaluationStore(tmp_path / "e.sqlite") as store:
        store.put([ROW, replace(ROW, path="q", num_correct=2)])
        store.put([replace(ROW, settings="other", num_correct=1)])
        assert store.get(CONTEXT, ["p", "q", "absent", "p"]) == {
            "p": ROW,
            "q": replace(ROW, path="q", num_correct=2),
        }
        assert store.get(replace(CONTEXT, supernet="v"), ["p"]) == {}
    with EvaluationStore(tmp_path / "e.sqlite", read_only=True) as store:
        assert [(row.path, row.settings) for row in store.rows()] == [
            ("p", "other"),
            ("p", "s"),
            ("q", "s"),
        ]


def test_a_score_once_stored_stays(tmp_path: Path) -> None:
    store = EvaluationStore(tmp_path / "e.sqlite")
    store.put([ROW])
    store.put([replace(ROW, num_correct=0)])
    assert store.rows() == [ROW]


def test_a_failed_put_stores_nothing(tmp_path: Path) -> None:
    store = EvaluationStore(tmp_path / "e.sqlite")
    with pytest.raises(sqlite3.IntegrityError):
        store.put([ROW, replace(ROW, path=None)])  # type: ignore[arg-type]
    assert store.rows() == []
    store.put([ROW])
    assert store.rows() == [ROW]


def test_reading_only(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such file"):
        EvaluationStore(tmp_path / "e.sqlite", read_only=True)
    EvaluationStore(tmp_path / "e.sqlite").close()
    with pytest.raises(OSError, match="readonly"):
        EvaluationStore(tmp_path / "e.sqlite", read_only=True).put([ROW])


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "e.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(ValueError, match=r"e.sqlite: not an evaluation store.*\n.*move it away"):
        EvaluationStore(tmp_path / "e.sqlite")


WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from escalade.evaluate.store import EvaluationStore
from test_store import ROW
store = EvaluationStore(Path(sys.argv[1]))
for i in range(10**9):
    store.put([replace(ROW, path=f"{i}a"), replace(ROW, path=f"{i}b")])
    if i % 10 == 0:
        print(i, flush=True)
"""


def test_a_kill_keeps_every_finished_put_and_no_half(tmp_path: Path) -> None:
    file = tmp_path / "e.sqlite"
    path = os.pathsep.join([*(entry for entry in sys.path if entry), str(Path(__file__).parent)])
    last = -1
    for _ in range(3):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(file)],
            env=os.environ | {"PYTHONPATH": path},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert writer.stdout is not None
        for _ in range(5):
            last = max(last, int(writer.stdout.readline()))
        writer.kill()
        writer.wait()
        writer.stdout.close()
        found = {row.path for row in EvaluationStore(file).rows()}
        assert {f"{i}{half}" for i in range(last + 1) for half in "ab"} <= found
        assert {key[:-1] + "a" for key in found} == {key for key in found if key.endswith("a")}
        assert len(found) % 2 == 0


def test_a_closed_store_is_one_file_that_may_only_be_read(tmp_path: Path) -> None:
    """In write-ahead mode a reader would have to write beside it."""
    path = tmp_path / "e.sqlite"
    with EvaluationStore(path) as store:
        store.put([ROW])
        with EvaluationStore(path, read_only=True) as beside:
            assert beside.rows() == [ROW]
        assert path.read_bytes()[18:20] == b"\2\2"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.read_bytes()[18:20] == b"\1\1"  # of the file format: a journal
    store.close()


def test_without_shared_memory_commits_wait_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Network(sqlite3.Connection):
        def execute(self, statement: str, *more: object) -> sqlite3.Cursor:
            if "WAL" in statement:
                raise sqlite3.OperationalError("locking protocol")
            return super().execute(statement, *more)  # type: ignore[arg-type]

    plain = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: plain(*a, factory=Network, **k))
    with EvaluationStore(tmp_path / "e.sqlite") as store:
        store.put([ROW])
        assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert store.rows() == [ROW]
