"""What was measured on this device, kept in the cache: the same is not measured twice in a week."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from escalade.artefacts.files import read_value, write_json
from escalade.core.values.codec import encode
from escalade.core.values.invalid import Invalid

FOLDER = "measured"
MOST_SECONDS = 7 * 86400.0  # a machine may have been busy when it was measured
MOST_FILES = 512
T = TypeVar("T")


def kept(
    kind: type[T], cache_dir: Path, key: Sequence[object], measure: Callable[[], T]
) -> tuple[T, float]:
    """What was measured before under the same key, or is now.

    A file that is damaged, or cannot be written, is as none.

    Args:
        kind: a dataclass that the codec knows.
        key: all that the measured depends on, as JSON has it.

    Returns:
        The value, and its age in seconds, 0 for a new one.
    """
    text = json.dumps(encode(list(key)), sort_keys=True)
    file = cache_dir / FOLDER / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"
    with suppress(OSError, Invalid):
        age = time.time() - file.stat().st_mtime
        if 0 <= age < MOST_SECONDS:
            return read_value(kind, file, what="measurement", remedy="run again"), age
    value = measure()
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        _make_room(file.parent)
        write_json(file, value)
    return value, 0.0


def forget(cache_dir: Path) -> None:
    for file in (cache_dir / FOLDER).glob("*.json"):
        file.unlink(missing_ok=True)


def _make_room(folder: Path) -> None:
    """Delete what is too old, and the oldest beyond a number."""
    found = sorted(((file.stat().st_mtime, file) for file in folder.glob("*.json")), reverse=True)
    for place, (written, file) in enumerate(found):
        if place >= MOST_FILES - 1 or time.time() - written >= MOST_SECONDS:
            file.unlink(missing_ok=True)
