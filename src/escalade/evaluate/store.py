"""The evaluation store: every score ever measured in a run, in one sqlite file."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture

SCHEMA = """
CREATE TABLE IF NOT EXISTS evaluations (
    supernet TEXT NOT NULL,
    path TEXT NOT NULL,
    data TEXT NOT NULL,
    settings TEXT NOT NULL,
    num_correct INTEGER NOT NULL,
    num_images INTEGER NOT NULL,
    macs INTEGER NOT NULL,
    params INTEGER NOT NULL,
    activations INTEGER NOT NULL,
    resolution INTEGER NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (supernet, path, data, settings)
) WITHOUT ROWID
"""
LATENCY_SCHEMA = """
CREATE TABLE IF NOT EXISTS latencies (
    settings TEXT NOT NULL,
    role TEXT NOT NULL,
    item TEXT NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (settings, role, item)
) WITHOUT ROWID
"""
BUSY_SECONDS = 60.0  # how long to wait for another process's transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Under what a path was scored: digests of weights and data, and the settings."""

    supernet: str
    data: str
    settings: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """One evaluation; `path` is the path key, `seconds` are device-seconds."""

    supernet: str
    path: str
    data: str
    settings: str
    num_correct: int
    num_images: int
    macs: int
    params: int
    activations: int
    resolution: int
    seconds: float

    @classmethod
    def of(
        cls,
        architecture: Architecture,
        *,
        context: Context,
        path: str,
        num_correct: int,
        num_images: int,
        seconds: float,
    ) -> ScoreRow:
        """The evaluation of a path that leaves this network."""
        costs = cost.of(architecture)
        return cls(
            supernet=context.supernet,
            path=path,
            data=context.data,
            settings=context.settings,
            num_correct=num_correct,
            num_images=num_images,
            macs=costs.macs,
            params=costs.params,
            activations=costs.activations,
            resolution=architecture.resolution,
            seconds=seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRow:
    """One measured time: `item` is a part of a network or a network, as JSON."""

    settings: str
    role: str
    item: str
    seconds: float


COLUMNS = ", ".join(field.name for field in fields(ScoreRow))
MARKS = ", ".join("?" for _ in fields(ScoreRow))


class EvaluationStore:
    """Rows by (context, path key). A `put` is one transaction: a kill keeps all of it or nothing.

    Args:
        path: the file; made if missing, unless `read_only`.
        read_only: open an existing file for a report.

    Raises:
        ValueError: if the file is damaged, is not a store, or is missing while `read_only`.
        OSError: if it cannot be written.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        if read_only and not path.exists():
            raise ValueError(f"{path}: no such file; run the search first")
        if not read_only:
            path.parent.mkdir(parents=True, exist_ok=True)
        with self._errors():
            self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            weakref.finalize(self, self._connection.close)
            self._is_writing = not read_only
            if read_only:
                self._connection.execute("PRAGMA query_only = ON")
            else:
                self._begin_writing()
                self._connection.execute(SCHEMA)
                self._connection.execute(LATENCY_SCHEMA)

    def get(self, context: Context, paths: Sequence[str]) -> dict[str, ScoreRow]:
        """The rows there are among these path keys."""
        query = f"SELECT {COLUMNS} FROM evaluations WHERE " + (
            "supernet = ? AND path = ? AND data = ? AND settings = ?"
        )
        found = {}
        with self._errors():
            for path in dict.fromkeys(paths):
                key = (context.supernet, path, context.data, context.settings)
                row = self._connection.execute(query, key).fetchone()
                if row is not None:
                    found[path] = _row(row)
        return found

    def put(self, rows: Iterable[ScoreRow]) -> None:
        """Add rows, all or none; a row that is there already stays as it is."""
        with self._errors(), self._transaction():
            self._connection.executemany(
                f"INSERT INTO evaluations ({COLUMNS}) VALUES ({MARKS}) ON CONFLICT DO NOTHING",
                [astuple(row) for row in rows],
            )

    def rows(self) -> list[ScoreRow]:
        """Every row, in the order of its key."""
        with self._errors():
            return [_row(row) for row in self._connection.execute(_ALL)]

    def latencies(self) -> list[LatencyRow]:
        """Every measured time, in the order of its key."""
        with self._errors():
            found = self._connection.execute(_ALL_LATENCIES)
            return [LatencyRow(settings=a, role=b, item=c, seconds=d) for a, b, c, d in found]

    def put_latencies(self, rows: Iterable[LatencyRow]) -> None:
        """Add measured times, all or none; one that is there already stays as it is."""
        with self._errors(), self._transaction():
            self._connection.executemany(
                "INSERT INTO latencies VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                [astuple(row) for row in rows],
            )

    def close(self) -> None:
        """Close the file, which then needs no other beside it: it may be copied or only read."""
        if self._is_writing:
            with suppress(sqlite3.Error):  # somebody reads it, or it is closed
                self._connection.execute("PRAGMA journal_mode = DELETE")
        self._connection.close()

    def _begin_writing(self) -> None:
        """A killed process never damages the file, and most commits wait for no disk.

        A write-ahead log needs memory that processes share, which some network file systems do
        not have; there sqlite keeps a journal.
        """
        mode = ""
        with suppress(sqlite3.OperationalError):
            (mode,) = self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
        safe = "NORMAL" if mode == "wal" else "FULL"
        self._connection.execute(f"PRAGMA synchronous = {safe}")

    def __enter__(self) -> EvaluationStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """sqlite's errors as the user's: what to do about the file."""
        try:
            yield
        except sqlite3.IntegrityError:
            raise  # our own mistake
        except sqlite3.OperationalError as error:
            raise OSError(f"{self._path}: {error}") from error
        except sqlite3.DatabaseError as error:
            raise ValueError(
                f"{self._path}: not an evaluation store, or damaged ({error})\n"
                "move it away and run again; its evaluations will be measured anew"
            ) from error


_ALL = f"SELECT {COLUMNS} FROM evaluations ORDER BY supernet, path, data, settings"
_ALL_LATENCIES = "SELECT settings, role, item, seconds FROM latencies ORDER BY settings, role, item"


def _row(values: tuple[object, ...]) -> ScoreRow:
    named = zip((field.name for field in fields(ScoreRow)), values, strict=True)
    return ScoreRow(**dict(named))  # type: ignore[arg-type]
