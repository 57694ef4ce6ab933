"""Moments at which a process that writes files may be stopped, counted where it calls the system.

They are: a new file is made, empty; it is written, in half; it is on the disk; it has its name;
its folder is on the disk; a line is appended, in half; a file is deleted; a folder is made, or
deleted; a file or folder is moved; sqlite is about to commit; it has committed.
"""

from __future__ import annotations

import os
import re
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Functions of `os`, and what has happened once they are done.
RENAMED = {"replace": "named", "rename": "moved"}
DELETED = {"unlink": "deleted", "rmdir": "emptied", "mkdir": "folder"}


def install(run: Path, *, log: Path, stop_at: int | None) -> None:
    """Write every moment of this process to a log, and die at one of them.

    Args:
        run: files elsewhere do not count.
        log: gets a line for each moment.
        stop_at: from 0; None is never.
    """
    moments = _Moments(run, log=log, stop_at=stop_at)
    for patch in (_patch_open, _patch_fsync, _patch_sqlite):
        patch(moments)
    for name, what in RENAMED.items():
        _patch_named(moments, name, what, at=1)
    for name, what in DELETED.items():
        _patch_named(moments, name, what, at=0)


class _Moments:
    def __init__(self, run: Path, *, log: Path, stop_at: int | None) -> None:
        self._run, self._log, self._stop_at, self._num = run, log, stop_at, 0

    def pass_by(self, what: str, path: str | Path, *, last: Callable[[], Any] = int) -> None:
        """One more moment; `last` is done before the process dies there."""
        inside = Path(path)
        if not inside.is_relative_to(self._run):
            return
        with self._log.open("a") as file:
            name = re.sub(r"\.part-[0-9a-f]+-", ".part-", str(inside.relative_to(self._run)))
            file.write(f"{what} {name}\n")
        if self._num == self._stop_at:
            last()
            os.kill(os.getpid(), signal.SIGKILL)
        self._num += 1


def _patch_open(moments: _Moments) -> None:
    plain = os.open

    def opening(path: Any, flags: int, *more: Any, **named: Any) -> int:
        handle = plain(path, flags, *more, **named)
        if flags & os.O_APPEND:
            torn = b'{"stage": "tra'
            moments.pass_by("appending", path, last=lambda: os.write(handle, torn))
        elif flags & os.O_CREAT:
            moments.pass_by("made", path)
        return handle

    os.open = opening


def _patch_fsync(moments: _Moments) -> None:
    plain = os.fsync

    def syncing(handle: int) -> None:
        path = Path(f"/proc/self/fd/{handle}").readlink()
        if not path.is_dir():
            half = os.fstat(handle).st_size // 2
            moments.pass_by("written", path, last=lambda: os.ftruncate(handle, half))
        plain(handle)
        moments.pass_by("synced", path)

    os.fsync = syncing


def _patch_named(moments: _Moments, name: str, what: str, *, at: int) -> None:
    """Count a function of `os` once it has done its work.

    Args:
        at: which of its arguments is the path.
    """
    plain = getattr(os, name)

    def counting(*given: Any, **named: Any) -> None:
        within = named.get("dir_fd")
        place = Path() if within is None else Path(f"/proc/self/fd/{within}").readlink()
        plain(*given, **named)
        moments.pass_by(what, place / given[at])

    setattr(os, name, counting)


def _patch_sqlite(moments: _Moments) -> None:
    class Connection(sqlite3.Connection):
        def execute(self, statement: str, *more: Any) -> sqlite3.Cursor:
            commits = statement.split()[0] in ("COMMIT", "CREATE")
            path = super().execute("PRAGMA database_list").fetchone()[2] if commits else ""
            if commits:
                moments.pass_by("uncommitted", path)
            found = super().execute(statement, *more)
            if commits:
                moments.pass_by("committed", path)
            return found

    plain = sqlite3.connect
    sqlite3.connect = lambda *args, **named: plain(*args, **({"factory": Connection} | named))
