"""What a container leaves this process of the machine: limits of its control groups (Linux).

A process is in a group, and so in all groups above it; the smallest of their limits holds. Version
2 has one tree of groups for everything, version 1 one for memory and one for the processor.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

OWN, ROOT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
# Of memory: the limit, what is used, and which of its pages the kernel takes back when asked to.
_LIMITS = ("memory.max", "memory.limit_in_bytes")
_USED = ("memory.current", "memory.usage_in_bytes")
_RECLAIMED = ("inactive_file", "total_inactive_file")
_UNLIMITED = 1 << 60  # version 1 has a number of this kind for none


def memory_limit() -> int | None:
    """Bytes that this process and its neighbours in a group may hold; None for any."""
    return min(filter(None, map(_limit, _groups("memory"))), default=None)


def free_memory() -> int | None:
    """Bytes that its groups leave this process; None where they have no limit."""
    limited = [(group, limit) for group in _groups("memory") if (limit := _limit(group))]
    return min((max(0, limit - _held(group)) for group, limit in limited), default=None)


def cpu_quota() -> float | None:
    """Processors' worth of time that this process may have; None for all."""
    return min(filter(None, map(_quota, _groups("cpu"))), default=None)


def _groups(controller: str) -> Iterator[Path]:
    """The folders of this process's groups, upwards; within a container some may not be there."""
    for line in _text(OWN).splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        names = [name for name in PurePosixPath(path).parts if name not in ("/", "..")]
        for root in dict.fromkeys((ROOT / controllers, ROOT / controller, ROOT / "unified")):
            for depth in range(len(names), -1, -1):
                yield root.joinpath(*names[:depth])


def _limit(group: Path) -> int | None:
    limits = [int(text) for name in _LIMITS if (text := _text(group / name).strip()).isdecimal()]
    return next((limit for limit in limits if limit < _UNLIMITED), None)


def _held(group: Path) -> int:
    """What is used, without files' pages that nobody has looked at for a while."""
    used = next((int(text) for name in _USED if (text := _text(group / name).strip())), 0)
    pairs = dict(line.split() for line in _text(group / "memory.stat").splitlines())
    return used - next((int(pairs[name]) for name in reversed(_RECLAIMED) if name in pairs), 0)


def _quota(group: Path) -> float | None:
    texts = _text(group / "cpu.max").split() or [
        _text(group / f"cpu.cfs_{name}_us").strip() for name in ("quota", "period")
    ]
    if not all(text.isdecimal() for text in texts):  # "max", -1, or no such file
        return None
    quota, period = map(int, texts)
    return quota / period


def _text(path: Path) -> str:
    with suppress(OSError, ValueError):
        return path.read_text(encoding="utf-8")
    return ""
