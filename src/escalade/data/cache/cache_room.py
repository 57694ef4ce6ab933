"""What the cache holds, how large it may grow, and how it is cleared."""

from __future__ import annotations

import errno
import json
import math
import os
import re
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from escalade.core.numbers.shown import amount, parse_amount
from escalade.core.values.invalid import Invalid, nearest, within
from escalade.data.cache import kept_looks
from escalade.data.cache.cache_lock import locked
from escalade.data.cache.file_digests import FOLDER as LOOKS

DECODED, DOWNLOADS = "decoded", "torchvision"
META = "meta.json"  # tells of a set
PARTIAL = ".partial"  # ends the names of sets that are coming to be
CHUNKS, BEGUN = "chunks", "begun.json"  # what is done of such a set, and what it is of
SIZE_VARIABLE, DEFAULT_SIZE = "ESCALADE_CACHE_SIZE", 100e9
ALL = "all"
_SET = re.compile(rf"(?P<whole>[\w.+-]+-(\d+)x\2x[13]-v\d+)({re.escape(PARTIAL)})?")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedSet:
    """A decoded set of the cache.

    Attributes:
        data: the data set's name; empty where it cannot be read.
        used: when it was last read, in seconds since the epoch.
        is_whole: whether it was decoded to its end.
    """

    folder: Path
    data: str
    num: int
    side: int
    num_bytes: int
    used: float
    is_whole: bool

    @property
    def title(self) -> str:
        """What it is called in a message."""
        name = self.data or self.folder.name
        return name if self.is_whole else f"{name} (not decoded to its end)"


def default_cache() -> Path:
    """Where decoded images and downloads are kept: $ESCALADE_CACHE or the user's cache."""
    given = os.environ.get("ESCALADE_CACHE")
    return Path(given).expanduser() if given else Path.home() / ".cache" / "escalade"


def cached_sets(cache_dir: Path) -> list[CachedSet]:
    """All decoded sets, that used last first; anything else in the folder is not looked at."""
    folder = cache_dir / DECODED
    entries = folder.iterdir() if folder.is_dir() else ()
    found = [_cached_set(entry) for entry in entries if _is_set(entry)]
    return sorted(found, key=lambda each: (-each.used, each.folder.name))


def bytes_below(folder: Path) -> int:
    """Bytes of all files below a folder that are on the disk; links are not followed."""
    total = 0
    for path, _, files in os.walk(folder):
        for name in files:
            with suppress(OSError):
                total += _on_disk(Path(path, name).lstat())
    return total


def largest() -> float:
    """Bytes that decoded images may take, by ESCALADE_CACHE_SIZE.

    Raises:
        Invalid: if it is no amount.
    """
    text = os.environ.get(SIZE_VARIABLE)
    if not text:
        return DEFAULT_SIZE
    with within(SIZE_VARIABLE):
        return parse_amount(re.sub(r"(?i)([kmgt])i?b\s*$", r"\1", text))


def make_room(cache_dir: Path, needed: int, *, say: Say) -> None:
    """Remove what was used longest ago, until so many bytes more are within bound and disk.

    Raises:
        OSError: if the disk has not so much room even then.
    """
    folder, bound = cache_dir / DECODED, largest()
    sets = cached_sets(cache_dir)
    total = sum(each.num_bytes for each in sets)
    while sets and (total + needed > bound or _free(folder) < needed):
        oldest = sets.pop()
        total -= oldest.num_bytes
        if _removed(oldest):
            say(
                f"cache: the decoded images of {oldest.title} are removed, "
                f"{amount(oldest.num_bytes, 'memory')}, used last {when(oldest.used)}"
            )
    if (free := _free(folder)) < needed:
        raise OSError(
            errno.ENOSPC,
            f"{amount(needed, 'memory')} are needed, {amount(free, 'memory')} are free",
            str(folder),
        )


def clear(cache_dir: Path, names: Sequence[str]) -> list[CachedSet]:
    """Remove decoded sets by the names of their data or their folders, or `all`.

    Returns:
        What was removed; what is being written stays.

    Raises:
        Invalid: if there is no set of a name.
        OSError: if one may not be removed.
    """
    sets = cached_sets(cache_dir)
    known = {name for each in sets for name in (each.data, each.folder.name) if name}
    for name in names:
        if name != ALL and name not in known:
            raise Invalid(f"{name!r} is not in {cache_dir}", remedy=nearest(name, [*known, ALL]))
    wanted = [e for e in sets if ALL in names or e.data in names or e.folder.name in names]
    if ALL in names:
        for look in (cache_dir / LOOKS).glob("*.npz*"):
            look.unlink(missing_ok=True)
        kept_looks.forget(cache_dir)
    return [each for each in wanted if remove(each)]


def remove(cached: CachedSet) -> bool:
    """Remove a set, unless a process is writing it; whether it is gone.

    Those who read it keep what they have mapped.

    Raises:
        OSError: if it may not be removed.
    """
    name = _SET.fullmatch(cached.folder.name)
    assert name is not None
    owner = cached.folder.with_name(name["whole"])
    with locked(owner, wait=False) as is_ours:
        if is_ours:
            shutil.rmtree(cached.folder)
    return is_ours


def _removed(cached: CachedSet) -> bool:
    """Whether a set could be removed: others' may not."""
    with suppress(OSError):
        return remove(cached)
    return False


def when(used: float) -> str:
    """How long ago, for people."""
    days = (time.time() - used) / 86400
    return "today" if days < 1 else f"{days:.0f} day{'s' if days >= 1.5 else ''} ago"


def _is_set(path: Path) -> bool:
    return bool(_SET.fullmatch(path.name)) and path.is_dir() and not path.is_symlink()


def _cached_set(folder: Path) -> CachedSet:
    meta, used = {}, 0.0
    is_partial = folder.name.endswith(PARTIAL)
    facts = folder / CHUNKS / BEGUN if is_partial else folder / META
    with suppress(OSError, ValueError):
        used = (facts.parent if is_partial else facts).stat().st_mtime
        meta = json.loads(facts.read_text(encoding="utf-8"))
    return CachedSet(
        folder=folder,
        data=str(meta.get("data", "")),
        num=meta.get("num", 0),
        side=meta.get("side", 0),
        num_bytes=bytes_below(folder),
        used=used,
        is_whole=bool(meta) and not is_partial,
    )


def _on_disk(found: os.stat_result) -> int:
    """Bytes that a file takes: one that is being written may have holes."""
    return int(min(found.st_size, getattr(found, "st_blocks", math.inf) * 512))


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free
