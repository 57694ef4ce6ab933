"""Folders that Escalade made, and how one process owns a run folder while it works there."""

from __future__ import annotations

import errno
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from escalade.artefacts.files import is_part, sweep
from escalade.artefacts.locks import Held, locked
from escalade.core.values.invalid import Invalid

MARK = ".escalade"
_TEXT = "Escalade made this folder. While this file is here, the folder is not read as images.\n"
LOCK = ".lock"
WAIT_SECONDS = 2.0  # for an owner that is just ending


def mark(folder: Path) -> None:
    """Say that a folder, which is there, is Escalade's.

    Raises:
        OSError: if it cannot be written.
    """
    # Others may do so at the same time; that the file is there is all that counts.
    with (
        suppress(FileExistsError),
        (folder / MARK).open("x", encoding="utf-8", newline="\n") as file,
    ):
        file.write(_TEXT)


def marked_folder(folder: Path) -> Path:
    """A folder of Escalade's, made where it is missing.

    Raises:
        OSError: if it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mark(folder)
    return folder


def is_marked(folder: Path) -> bool:
    """Whether Escalade made a folder."""
    return os.path.lexists(folder / MARK)


@contextmanager
def owned(
    folder: Path, *, say: Callable[[str], None] = lambda _: None, rank: int = 0
) -> Iterator[None]:
    """Own a folder in the body; what killed owners left half-written is swept away, and what others
    are writing there (a report, a member trained on other images) is not.

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
