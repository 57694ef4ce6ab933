"""Locks of the cache: one process writes what several may want."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = ".lock"  # ends the names of lock files


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Write something alone; the lock goes with its process, however that ends.

    Yields whether this process has it: not if another one has and `wait` is false.
    """
    with path.with_name(f"{path.name}{LOCK}").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
