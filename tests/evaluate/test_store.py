from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from escalade.evaluate.score import Score, stored
from escalade.evaluate.store import EvaluationStore
from escalade.evaluate.store_rows import Context, ScoreRow

CONTEXT = Context(supernet="w", data="d", settings="s")
ROW = ScoreRow(
    supernet="w", path="p", data="d", settings="s", value=0.75, count=3, num_images=4, macs=1 << 40,
    params=5, activations=6, resolution=7, seconds=0.5,
)  # fmt: skip


def test_rows_come_back_by_their_whole_key(tmp_path: Path) -> None:
    with EvaluationStore(tmp_path / "e.sqlite") as store:
        store.put([ROW, replace(ROW, path="q", value=0.5, count=2)])
        store.put([replace(ROW, settings="other", value=0.25, count=1)])
        assert store.get(CONTEXT, ["p", "q", "absent", "p"]) == {
            "p": ROW,
            "q": replace(ROW, path="q", value=0.5, count=2),
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
    store.put([replace(ROW, value=0.0, count=0)])
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


def made(path: Path, *statements: str) -> Path:
    """A store with one row, to which a stranger has done something."""
    with EvaluationStore(path) as store:
        store.put([ROW])
    with sqlite3.connect(path) as connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()
    return path


FOREVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON evaluations BEGIN DELETE FROM evaluations; END",
        f"CREATE VIEW more AS {FOREVER}",
        "CREATE TABLE other (a)",
        "CREATE INDEX i ON evaluations (macs)",
        "ALTER TABLE evaluations ADD COLUMN more TEXT",
    ],
)
@pytest.mark.parametrize("read_only", [True, False])
def test_a_store_has_its_tables_and_nothing_else(
    tmp_path: Path, statement: str, read_only: bool
) -> None:
    path = made(tmp_path / "e.sqlite", statement)
    with pytest.raises(ValueError, match="that a store does not have"):
        EvaluationStore(path, read_only=read_only)


@pytest.mark.parametrize("view", [f"{FOREVER}", "SELECT * FROM latencies"])
def test_a_view_in_the_place_of_a_table_is_not_read(tmp_path: Path, view: str) -> None:
    path = made(
        tmp_path / "e.sqlite", "DROP TABLE evaluations", f"CREATE VIEW evaluations AS {view}"
    )
    with pytest.raises(ValueError, match="that a store does not have"):
        EvaluationStore(path, read_only=True)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("num_images = 'many'", "num_images: expected a whole number"),
        ("num_images = 0, count = 0", "num_images: 0 is not positive"),
        ("count = x'00ff'", "count: expected a whole number"),
        ("count = -1", "count: -1 is negative"),
        ("count = 1.5", "count: expected a whole number"),
        ("count = 9", "0.75 is not 9 of 4 images"),
        ("value = 0.5", "0.5 is not 3 of 4 images"),
        ("value = 'x'", "value: expected a number"),
        ("value = 9e999", "value: expected a number, got inf"),
        ("macs = 'x'", "macs: expected a whole number"),
        ("macs = 0", "macs: 0 is not positive"),
        ("resolution = -3", "resolution: -3 is not positive"),
        ("seconds = -1.0", "seconds: -1.0 is negative"),
        ("path = x'00'", "path: expected a text"),
    ],
)
def test_values_of_other_types_are_named(tmp_path: Path, change: str, problem: str) -> None:
    path = made(
        tmp_path / "e.sqlite",
        "PRAGMA ignore_check_constraints = ON",
        f"UPDATE evaluations SET {change}",
    )
    with EvaluationStore(path, read_only=True) as store, pytest.raises(ValueError, match=problem):
        store.rows()
    if "path" not in change:
        with EvaluationStore(path) as store, pytest.raises(ValueError, match=problem):
            store.get(CONTEXT, ["p"])


def test_latencies_have_a_role(tmp_path: Path) -> None:
    statement = "INSERT INTO latencies VALUES ('s', 'other', '{}', 1.0)"
    path = made(tmp_path / "e.sqlite", statement)
    told = "role: 'other' is not known"
    with EvaluationStore(path, read_only=True) as store, pytest.raises(ValueError, match=told):
        store.latencies()


def test_a_score_that_is_no_share_of_images_has_no_count(tmp_path: Path) -> None:
    other = replace(ROW, value=-2.5, count=None, settings="loss")
    with EvaluationStore(tmp_path / "e.sqlite") as store:
        store.put([ROW, other])
        assert store.rows() == [other, ROW]
    with pytest.raises(ValueError, match="not a number of correct images"):
        stored(other)
    assert stored(ROW) == Score(num_correct=3, num_images=4)


def test_reading_leaves_a_store_and_its_folder_as_they_are(tmp_path: Path) -> None:
    path = made(tmp_path / "e.sqlite")
    before = path.read_bytes()
    with EvaluationStore(path, read_only=True) as store:
        assert store.rows() == [ROW]
        assert [file.name for file in tmp_path.iterdir()] == ["e.sqlite"]
    assert path.read_bytes() == before
    with EvaluationStore(path) as writing:
        writing.put([replace(ROW, path="q")])
        with EvaluationStore(path, read_only=True) as store:
            assert [row.path for row in store.rows()] == ["p", "q"]


WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from escalade.evaluate.store import EvaluationStore
from escalade.evaluate.store_rows import ScoreRow
store = EvaluationStore(Path(sys.argv[1]))
row = ScoreRow(
    supernet="w", path="p", data="d", settings="s", value=0.75, count=3, num_images=4, macs=1,
    params=5, activations=6, resolution=7, seconds=0.5,
)
for i in range(10**9):
    store.put([replace(row, path=f"{i}a"), replace(row, path=f"{i}b")])
    if i % 10 == 0:
        print(i, flush=True)
"""


def test_a_kill_keeps_every_finished_put_and_no_half(tmp_path: Path) -> None:
    file = tmp_path / "e.sqlite"
    path = os.pathsep.join(entry for entry in sys.path if entry)
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
