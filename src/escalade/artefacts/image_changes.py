"""What became of a run's images, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from escalade.artefacts.image_list import UNREADABLE, Entry
from escalade.core.values.invalid import shown

NAMED = 2  # of each kind of change


def changes(before: Iterable[Entry], now: Iterable[Entry]) -> str:
    """What differs between two lists of images: each kind of change, how many, and which first."""
    old, new = ({entry.image: entry for entry in each} for each in (before, now))
    gone = [entry for name, entry in old.items() if name not in new]
    added = [entry for name, entry in new.items() if name not in old]
    moved = _moved(gone, added)
    kept = [(entry, new[name]) for name, entry in old.items() if name in new]
    painted = [was.image for was, entry in kept if _is_painted(was, entry)]
    if len(painted) > 1 and len(painted) == sum(bool(was.digest) for was, _ in kept):
        return (
            f"all {len(painted):,} decode to other pixels, as with another side, other channels or "
            "another version of Pillow"
        )
    found = {
        "gone": [shown(entry.image) for entry in gone if entry.image not in moved],
        "new": [shown(entry.image) for entry in added if entry.image not in moved.values()],
        "renamed": [f"{shown(name)} to {shown(other)}" for name, other in moved.items()],
        "with other pixels": [shown(name) for name in painted],
        "unreadable now": [shown(was.image) for was, entry in kept if _is_broken(was, entry)],
        "readable now": [shown(was.image) for was, entry in kept if _is_broken(entry, was)],
    }
    told = [f"{len(names):,} {what} ({_first(names)})" for what, names in found.items() if names]
    return ", ".join(told) or "none is another, but they are divided in another way"


def _moved(gone: Sequence[Entry], added: Sequence[Entry]) -> dict[str, str]:
    """Names of what stands elsewhere with the same pixels, each with its new name."""
    places: dict[str, list[str]] = {}
    for entry in reversed(added):
        places.setdefault(entry.digest, []).append(entry.image)
    places.pop("", None)
    return {e.image: found.pop() for e in gone if (found := places.get(e.digest))}


def _is_painted(was: Entry, entry: Entry) -> bool:
    return bool(was.digest and entry.digest) and was.digest != entry.digest


def _is_broken(was: Entry, entry: Entry) -> bool:
    return entry.split == UNREADABLE != was.split


def _first(names: Sequence[str]) -> str:
    return ", ".join([*sorted(names)[:NAMED], *(["..."] if len(names) > NAMED else [])])
