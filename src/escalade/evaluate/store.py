"""The evaluation store: every score ever measured in a run, in one sqlite file."""

from __future__ import annotations

import sqlite3
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path

from escalade.evaluate import store_file
from escalade.evaluate.store_rows import (
    SCHEMAS,
    Context,
    LatencyRow,
    ScoreRow,
    columns,
    insertion,
    read_row,
)


class EvaluationStore:
    """Rows by (context, path key). A `put` is one transaction: a kill keeps all of it or nothing.

    What a file holds is checked: its tables are those that are made here, its values of their
    types (docs/reference/run_folder.md). Nothing else in it is ever run.

    Args:
        path: the file; made if missing, unless `read_only`.
        read_only: open an existing file for a report; it stays as it is.

    Raises:
        ValueError: if the file is damaged, is not a store, or is missing while `read_only`.
        OSError: if it cannot be written.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        if read_only and not path.exists():
            raise ValueError(f"{path}: no such file; run the search first")
        with self._errors():
            self._connection = store_file.connect(path, read_only=read_only)
            weakref.finalize(self, self._connection.close)
            self._is_writing = not read_only
            store_file.check_tables(self._connection, SCHEMAS, make=not read_only)

    def get(self, context: Context, paths: Sequence[str]) -> dict[str, ScoreRow]:
        """The rows there are among these path keys."""
        query = f"SELECT {columns(ScoreRow)} FROM evaluations WHERE " + (
            "supernet = ? AND path = ? AND data = ? AND settings = ?"
        )
        found = {}
        with self._errors():
            for path in dict.fromkeys(paths):
                key = (context.supernet, path, context.data, context.settings)
                row = self._connection.execute(query, key).fetchone()
                if row is not None:
                    found[path] = read_row(ScoreRow, row)
        return found

    def put(self, rows: Iterable[ScoreRow]) -> None:
        """Add rows, all or none; a row that is there already stays as it is."""
        with self._errors(), self._transaction():
            self._connection.executemany(insertion(ScoreRow), [astuple(row) for row in rows])

    def rows(self) -> list[ScoreRow]:
        """Every row, in the order of its key."""
        with self._errors():
            return [read_row(ScoreRow, row) for row in self._connection.execute(_ALL)]

    def latencies(self) -> list[LatencyRow]:
        """Every measured time, in the order of its key."""
        with self._errors():
            return [read_row(LatencyRow, row) for row in self._connection.execute(_ALL_LATENCIES)]

    def put_latencies(self, rows: Iterable[LatencyRow]) -> None:
        """Add measured times, all or none; one that is there already stays as it is."""
        with self._errors(), self._transaction():
            self._connection.executemany(insertion(LatencyRow), [astuple(row) for row in rows])

    def close(self) -> None:
        """Close the file, which then needs no other beside it: it may be copied or only read."""
        if self._is_writing:
            store_file.end_writing(self._connection)
        self._connection.close()

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
        """What is wrong with the file, with what to do about it."""
        try:
            yield
        except sqlite3.IntegrityError:
            raise  # our own mistake
        except sqlite3.OperationalError as error:
            raise OSError(f"{self._path}: {error}") from error
        except (sqlite3.DatabaseError, ValueError) as error:
            raise ValueError(
                f"{self._path}: not an evaluation store, or damaged ({error})\n"
                "move it away and run again; its evaluations will be measured anew"
            ) from error


class StoreOfRank0(EvaluationStore):
    """In the place of the store on other ranks, which never ask it: rank 0 tells them."""

    def __init__(self) -> None:
        """There is no file."""

    def close(self) -> None:
        """Nothing is open."""


_ALL = f"SELECT {columns(ScoreRow)} FROM evaluations ORDER BY supernet, path, data, settings"
_ALL_LATENCIES = f"SELECT {columns(LatencyRow)} FROM latencies ORDER BY settings, role, item"
