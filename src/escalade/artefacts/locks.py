"""Locks of the operating system, which end with their process, however that ends.

The one file that knows how this system locks; where it does not, nothing is locked.
"""

from __future__ import annotations

import errno
import math
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

fcntl: Any
try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

POLL_SECONDS = 0.05
OLD_SECONDS = 600.0  # where nothing is locked, a file of this age is nobody's any more
MOST_NOTED = 200  # characters of a note that are read
# What file systems without locks answer, such as some network ones.
_LOCKLESS = (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


class Held(Exception):
    """Another process has the lock; the text is what that one wrote into it."""


@contextmanager
def locked(path: Path, *, seconds: float = math.inf, note: str = "") -> Iterator[bool]:
    """Hold a lock in the body; its file is gone afterwards.

    Args:
        path: of the lock's file, in a folder that is there.
        seconds: how long to wait for another holder.
        note: for whoever finds it held.

    Yields:
        Whether this file system locks at all; where it does not, nobody is kept out.

    Raises:
        Held: the wait is over, with the holder's note.
        OSError: the file cannot be made.
    """
    end = time.monotonic() + seconds
    while (taken := _take(path)) is None:
        if time.monotonic() >= end:
            raise Held(_noted(path))
        time.sleep(POLL_SECONDS)
    handle, is_locked = taken
    try:
        with suppress(OSError):  # a full disk: it is held all the same
            os.ftruncate(handle, 0)
            os.write(handle, note.encode())
        yield is_locked
    finally:
        let_go(handle, path)


def let_go(handle: int, path: Path) -> None:
    """Delete a lock's file and end the lock."""
    if fcntl is None:  # Windows deletes no file that is open, here or elsewhere
        os.close(handle)
        with suppress(OSError):
            path.unlink(missing_ok=True)
        return
    path.unlink(missing_ok=True)  # before it is let go: who waits then finds another file
    os.close(handle)


def temporary_file(prefix: str, suffix: str) -> tuple[int, Path]:
    """A new file in the system's folder for such, locked while its handle is open.

    Files of the same kind whose processes are dead are deleted, with the folders beside them.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{prefix}*{suffix}"):
        with suppress(OSError):  # another user's
            _sweep(left)
    while True:
        handle, name = tempfile.mkstemp(prefix=prefix, suffix=suffix)
        _lock(handle)
        if _is_at(handle, path := Path(name)):  # nobody took it for a dead process's
            return handle, path
        os.close(handle)


@contextmanager
def temporary_folder(prefix: str) -> Iterator[Path]:
    """A new folder in the system's folder for such, gone after the body.

    Those of dead processes are deleted.
    """
    handle, file = temporary_file(prefix, ".lock")
    folder = _beside(file)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        let_go(handle, file)


def lock_new(handle: int, path: Path) -> bool:
    """Lock a file that was just made, as long as it is open, where this system can.

    Returns:
        Whether it is this process's; not where another has just taken it for a dead one's.
    """
    if fcntl is None:
        return True
    try:
        return _lock(handle) and _is_at(handle, path)
    except OSError as error:
        if error.errno in _LOCKLESS:
            return True
        raise


@contextmanager
def kept(handle: int) -> Iterator[None]:
    """Keep a file's lock in the body, also when the file is closed there."""
    if fcntl is None:  # where files that are open cannot be renamed
        yield
        return
    other = os.dup(handle)
    try:
        yield
    finally:
        os.close(other)


def delete_abandoned(path: Path) -> None:
    """Delete a file that nobody is writing: who does has locked it, or, without locks, just begun.

    Raises:
        OSError: if it may not be read or deleted.
    """
    if fcntl is None:
        if _is_old(path.lstat()):
            path.unlink(missing_ok=True)
        return
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | _NOFOLLOW)
    try:
        if _is_left(handle):
            path.unlink(missing_ok=True)
    finally:
        os.close(handle)


def _is_left(handle: int) -> bool:
    try:
        return _lock(handle)
    except OSError as error:
        if error.errno in _LOCKLESS:
            return _is_old(os.fstat(handle))
        raise


def _is_old(found: os.stat_result) -> bool:
    return time.time() - found.st_mtime > OLD_SECONDS


def _sweep(left: Path) -> None:
    """Delete a temporary file of a dead process, and the folder beside it."""
    if fcntl is None:  # Windows deletes no file of a living one, which has it open
        left.unlink()
        shutil.rmtree(_beside(left), ignore_errors=True)
        return
    handle = os.open(left, os.O_RDWR | _NOFOLLOW)
    if _lock(handle):
        shutil.rmtree(_beside(left), ignore_errors=True)
        left.unlink(missing_ok=True)
    os.close(handle)


def _beside(file: Path) -> Path:
    """The folder that a temporary file stands for."""
    return file.with_name(f"{file.name}.d")


def _take(path: Path) -> tuple[int, bool] | None:
    """The lock's handle, and whether it is one; None where another has it."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | _NOFOLLOW, 0o644)
    try:
        got = _lock(handle)
    except OSError as error:
        if error.errno in _LOCKLESS:
            return handle, False
        os.close(handle)
        raise
    if got and _is_at(handle, path):
        return handle, fcntl is not None
    os.close(handle)
    return None


def _lock(handle: int) -> bool:
    if fcntl is None:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False


def _noted(path: Path) -> str:
    try:
        text = path.read_bytes()[:MOST_NOTED].decode(errors="replace")
    except OSError:
        text = ""
    return "".join(c for c in text if c.isprintable())
