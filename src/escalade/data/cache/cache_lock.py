"""Locks of the cache: one process writes what several may want."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from escalade.artefacts import locks

LOCK = ".lock"  # ends the names of lock files


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Write something alone; the lock goes with its process, however that ends.

    Yields whether this process has it: not if another one has and `wait` is false.
    """
    file, seconds = path.with_name(f"{path.name}{LOCK}"), math.inf if wait else 0.0
    with ExitStack() as held:
        try:
            held.enter_context(locks.locked(file, seconds=seconds))
            is_ours = True
        except locks.Held:
            is_ours = False
        yield is_ours
