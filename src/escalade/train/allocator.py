"""Memory that is kept, instead of given back to the system and asked for again at every step.

Trainings whose shapes change from step to step leave holes between what lives on, so that a heap
that is only kept grows for hours. Above a bound it is given back, all that is free in it.
"""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# Of glibc's malloc.h. The most that an int holds is "never".
TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4
NEVER, PAD = 2**31 - 1, 64 * 2**20
# Of what lives on; to give back less than the rest would be to ask for it at every step.
ROOM = 1.25
# Who has tuned malloc outside knows better.
TUNED = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES")


@cache
def keep_memory() -> bool:
    """Have glibc take large tensors from its heap, and keep the heap; once a process.

    By default every tensor of more than some megabytes is mapped and unmapped again, and the
    kernel clears its pages each time: 12 to 20 % of a training step on CPU
    (benchmarks/allocator.py). Results do not change.

    Returns:
        Whether it was done: not on other C libraries, nor where the environment tunes malloc.
    """
    if any(name in os.environ for name in TUNED):
        return False
    try:
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018
        mallopt = library.mallopt
    except (AttributeError, OSError, TypeError):
        return False
    wanted = ((MMAP_MAX, 0), (TRIM_THRESHOLD, NEVER), (TOP_PAD, PAD))
    return all(mallopt(option, value) == 1 for option, value in wanted)


class Heap:
    """This process's heap, which `stay_within` keeps to a bound from step to step.

    Attributes:
        bound: private bytes that this process may hold between two steps; None for any.
    """

    bound: int | None = None

    def stay_within(self) -> None:
        """Give free memory back where this process holds more than it may; results do not change.

        What lives on may be more than the bound: it is not asked for at every step, then.
        """
        if self.bound is not None and resident() > self.bound:
            give_back()
            self.bound = max(self.bound, round(ROOM * resident()))


heap = Heap()


def give_back() -> None:
    """Have glibc give the system all memory that is free in the heap; nothing elsewhere."""
    if keep_memory():
        ctypes.CDLL(None).malloc_trim(0)


def resident() -> int:
    """Private bytes of this process that are in memory; 0 where the system does not tell."""
    with suppress(OSError, ValueError, IndexError, AttributeError):  # Linux tells
        pages = Path("/proc/self/statm").read_text(encoding="utf-8").split()
        return (int(pages[1]) - int(pages[2])) * os.sysconf("SC_PAGE_SIZE")
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What a run may hold, in bytes and in processes; no result depends on it.

    Attributes:
        peak: all processes together at most, their shared pages counted once.
        workers: processes that score and train beside the run's own.
        here: private bytes of the run's own process, above which it gives free memory back.
        scorer: the same of each worker that scores.
        trainer: the same of each worker that trains members.
        caches: resized batches, of all workers.
    """

    peak: int
    workers: int
    here: int
    scorer: int
    trainer: int
    caches: int
