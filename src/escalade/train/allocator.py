"""Memory that is kept, instead of given back to the system and asked for again at every step."""

from __future__ import annotations

import ctypes
import os
from functools import cache

# Of glibc's malloc.h. The most that an int holds is "never".
TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4
NEVER, PAD = 2**31 - 1, 64 * 2**20
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
