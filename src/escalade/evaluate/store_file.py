"""An sqlite file that anybody may have written: opened so that nothing in it is run."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

BUSY_SECONDS = 60.0  # how long to wait for another process's transaction
MOST_BYTES = 1 << 20  # of one value


def connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """Open a file; `read_only` changes nothing, not even beside it where nobody writes.

    Raises:
        sqlite3.Error: if it is no database, or cannot be read or written.
    """
    if not read_only:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        _distrust(connection)
        _begin_writing(connection)
        return connection
    uri = f"file:{quote(str(path.absolute()))}?{'immutable=1' if _lacks_log(path) else 'mode=ro'}"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    _distrust(connection)
    connection.execute("PRAGMA query_only = ON")
    return connection


def end_writing(connection: sqlite3.Connection) -> None:
    """Have a file need no other beside it, so that it may be copied or only read."""
    with suppress(sqlite3.Error):  # somebody reads it, or it is closed
        connection.execute("PRAGMA journal_mode = DELETE")


def check_tables(connection: sqlite3.Connection, schemas: Sequence[str], *, make: bool) -> None:
    """Whether a file has these tables and nothing else; an empty one may be given them.

    Args:
        schemas: `CREATE TABLE` statements, as sqlite keeps them.
        make: whether to make tables that are missing.

    Raises:
        ValueError: for triggers, views, indices, and tables with other columns.
    """
    found = connection.execute("SELECT sql FROM sqlite_master").fetchall()
    others = {row[0] for row in found} - {None, *schemas}
    if others or any(row[0] is None for row in found):
        raise ValueError("it has tables, views or triggers that a store does not have")
    if make:
        for schema in schemas:
            if (schema,) not in found:
                connection.execute(schema.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1))


def _begin_writing(connection: sqlite3.Connection) -> None:
    """A killed process never damages the file, and most commits wait for no disk.

    A write-ahead log needs memory that processes share, which some network file systems do
    not have; there sqlite keeps a journal.
    """
    mode = ""
    with suppress(sqlite3.OperationalError):
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    safe = "NORMAL" if mode == "wal" else "FULL"
    connection.execute(f"PRAGMA synchronous = {safe}")


def _lacks_log(path: Path) -> bool:
    """Whether a file wants a write-ahead log and has none: nobody is writing it.

    Others can be read as they are; this one only where a reader may write beside it, too.
    """
    with path.open("rb") as file:
        wants_log = file.read(20)[18:] == b"\2\2"  # of sqlite's file format
    return wants_log and not path.with_name(f"{path.name}-wal").exists()


def _distrust(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA mmap_size = 0")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
