"""An sqlite file that anybody may have written: opened so that nothing in it is run."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
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
        # Write-ahead log: a killed process never damages the file.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection
    # Without its log nobody is writing, and a folder that cannot be written holds no lock.
    is_quiet = not path.with_name(f"{path.name}-wal").exists()
    uri = f"file:{quote(str(path.absolute()))}?{'immutable=1' if is_quiet else 'mode=ro'}"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    _distrust(connection)
    connection.execute("PRAGMA query_only = ON")
    return connection


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
        raise ValueError("it has tables, views or triggers that are not of a store")
    if make:
        for schema in schemas:
            if (schema,) not in found:
                connection.execute(schema.replace("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1))


def _distrust(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA trusted_schema = OFF")
    connection.execute("PRAGMA cell_size_check = ON")
    connection.execute("PRAGMA mmap_size = 0")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_BYTES)
    connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
