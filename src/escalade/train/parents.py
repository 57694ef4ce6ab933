"""Processes and those that started them: ranks of torchrun, and workers of a pool."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from multiprocessing import parent_process
from multiprocessing.connection import wait

POLL_SECONDS = 0.2
_AGENT = "TORCHELASTIC_RUN_ID"  # which torchrun sets for its ranks


def end_with_pool() -> None:
    """End this worker process when that of its pool is no more."""
    parent = parent_process()
    assert parent is not None
    _in_background(lambda: wait([parent.sentinel]))


def end_with_agent() -> None:
    """End this rank when torchrun is no more: nobody else would, and it holds the run folder.

    Ranks that were started by hand outlive their shell.
    """
    if _AGENT not in os.environ:
        return
    parent = os.getppid()

    def until_gone() -> None:
        while os.getppid() == parent:
            time.sleep(POLL_SECONDS)

    _in_background(until_gone)


def _in_background(wait_for_end: Callable[[], object]) -> None:
    def end() -> None:
        wait_for_end()
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()


def leave_ranks() -> bool:
    """Go on as if there were no other ranks; whether this is the one that goes on."""
    rank = os.environ.pop("RANK", "0")
    os.environ.pop("WORLD_SIZE", None)
    return rank == "0"
