"""One process owns a run folder while it works there."""

from __future__ import annotations

import errno
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from escalade.artefacts.files import is_part, sweep
from escalade.artefacts.locks import Held, locked
from escalade.artefacts.marks import MARK
from escalade.core.values.invalid import Invalid

LOCK = ".lock"
WAIT_SECONDS = 2.0  # for an owner that is just ending


@contextmanager
def owned(
    folder: Path, *, say: Callable[[str], None] = lambda _: None, rank: int = 0
) -> Iterator[None]:
    """Own a folder in the body; what killed owners left half-written is swept away.

    Args:
        say: gets a line where the file system has no locks.
        rank: of several, the first owns for all.

    Raises:
        Invalid: if another process owns it, or nobody may write there.
    """
    if rank != 0:
        yield
        return
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    note = f"process {os.getpid()} on {platform.node()}, since {since}"
    where = (str(folder),)
    with ExitStack() as held:
        try:
            is_locked = held.enter_context(locked(folder / LOCK, seconds=WAIT_SECONDS, note=note))
        except Held as other:
            raise Invalid(
                f"another process works there ({other})",
                path=where,
                remedy="wait for it, or stop it and give the same command again",
            ) from None
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):  # which is nobody's mistake
                raise
            problem = f"cannot write there: {error.strerror}"
            raise Invalid(problem, path=where, remedy="use a folder that can be written") from None
        if not is_locked:
            say(f"{folder}: no locks on this file system; let one command at a time work there")
        sweep(folder)
        yield


def contents(folder: Path) -> list[Path]:
    """What is in a folder, but for a lock, a mark and what killed owners left half-written."""
    names = (LOCK, MARK)
    return [each for each in folder.iterdir() if each.name not in names and not is_part(each.name)]
