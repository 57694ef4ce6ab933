"""Memory that is kept, instead of given back to the system and asked for again at every step.

Trainings whose shapes change from step to step leave holes between what lives on, so that a heap
that is only kept grows for hours. Above a bound it is given back, all that is free in it.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from escalade.core.numbers.shown import memory

# Of glibc's malloc.h. The most that an int holds is "never".
TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4
NEVER, PAD = 2**31 - 1, 64 * 2**20
# Of what lives on; to give back less than the rest would be to ask for it at every step.
ROOM = 1.25
THE_RUN, A_WORKER = "the run's own process", "a worker"
UNKNOWN = (
    "memory: this system does not tell what a process holds; what was planned is not watched, and "
    "memory that is free is not given back"
)
# Who has tuned malloc outside knows better.
TUNED = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_MMAP_MAX_", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES")
Say = Callable[[str], None]


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

    def __init__(self) -> None:
        self._say: Say | None = None
        self._whose = THE_RUN
        self._told: set[str] = set()

    def watch(self, bound: int | None, *, say: Say | None = None, whose: str = THE_RUN) -> None:
        """Keep to another bound from now on, or to none, which ends what was to be told once.

        Args:
            say: is told, once, where it cannot be kept to, or the system does not tell of memory.
            whose: process this is, for messages.
        """
        self.bound, self._say, self._whose = bound, say, whose
        if bound is None:
            self._told.clear()
        elif not resident():
            self.tell(UNKNOWN, about="the system")

    def stay_within(self) -> None:
        """Give free memory back where this process holds more than it may; results do not change.

        What lives on may be more than the bound, or nearly as much: it is not asked for at every
        step, then, but the bound is raised; more than was planned is told.
        """
        if self.bound is None or resident() <= self.bound:
            return
        give_back()
        planned, held = self.bound, resident()
        self.bound = max(planned, round(ROOM * held))
        if held > planned:
            self.tell(
                f"memory: {self._whose} holds {memory(held)} that it needs, and may hold "
                f"{memory(self.bound)} from now on; {memory(planned)} were planned",
                about=self._whose,
            )

    def tell(self, text: str, *, about: str) -> None:
        """Have something told, the first time that there is something about this."""
        if self._say is not None and about not in self._told:
            self._told.add(about)
            self._say(text)


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
