"""Classes by the names that people gave them: compared as they are read, told apart as bytes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from escalade.core.values.invalid import Invalid, closest, within


def class_folders(names: Iterable[str], *, where: Path) -> dict[str, str]:
    """Class names (in Unicode's NFC) with their folders' names, in order of the former.

    Raises:
        Invalid: if two look the same.
    """
    with within(str(where)):
        return class_names(names, what="the class folders")


def class_names(names: Iterable[str], *, what: str) -> dict[str, str]:
    """Names as classes have them (in Unicode's NFC) with those that people gave, in order.

    Args:
        what: they are, for a message.

    Raises:
        Invalid: if two look the same.
    """
    found: dict[str, str] = {}
    seen: dict[str, str] = {}
    for name in sorted(names):
        look = _look(name)
        if look in seen:
            first, second = _told_apart(seen[look], name)
            raise Invalid(
                f"{what} {first} and {second} look the same",
                remedy="put their images together, or rename one",
            )
        seen[look] = name
        found[unicodedata.normalize("NFC", name)] = name
    return dict(sorted(found.items()))


def alike(classes: Sequence[str]) -> tuple[str, ...]:
    """A line for every two classes whose names differ in case only."""
    seen: dict[str, str] = {}
    told = []
    for name in classes:
        if (first := seen.setdefault(name.casefold(), name)) != name:
            told.append(f"the classes '{first}' and '{name}' differ in case only")
    return tuple(told)


def check_same_classes(
    found: Mapping[str, str], classes: Sequence[str], *, part: Path, train: Path
) -> None:
    """Whether a split has the classes of the training images, no more and no fewer.

    Raises:
        Invalid: with the names that differ.
    """
    unknown = sorted(set(found) - set(classes))
    if unknown:
        near = closest(unknown[0], classes)
        first, second = _told_apart(unknown[0], near) if near else (repr(unknown[0]), "")
        meant = f" (is it {second}?)" if near else ""
        raise Invalid(
            f"has the class {first} that {train} does not have{meant}",
            path=(str(part),),
            remedy="rename it, remove it, or add training images for it",
        )
    missing = [name for name in classes if name not in found]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise Invalid(
            f"lacks the class '{missing[0]}'{more} of the {len(classes)} in {train}, so that an "
            "accuracy would stand for some of them only",
            path=(str(part),),
            remedy="\nadd images of it, or move the folder away: training images are held out then",
        )


def _look(name: str) -> str:
    """What a person sees of a name: compatible forms are one, spaces and invisible signs none."""
    plain = unicodedata.normalize("NFKC", name)
    shown = (sign for sign in plain if unicodedata.category(sign) not in ("Cf", "Cc"))
    return " ".join("".join(shown).split())


def _told_apart(first: str, second: str) -> tuple[str, str]:
    """Two names as a person can tell them apart."""
    if _look(first) != _look(second):
        return repr(first), repr(second)
    return ascii(first), ascii(second)
