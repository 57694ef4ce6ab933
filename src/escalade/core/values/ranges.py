"""Ranges that numbers of settings and files must be in, as the types of their fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from escalade.core.values.invalid import Invalid, check_known, shown
from escalade.core.values.plain import one_line

MOST_CHARACTERS = 100
_FORBIDDEN = frozenset("/\\:")


def _check(holds: Callable[[Any], bool], problem: str) -> Callable[[Any], None]:
    def check(value: Any) -> None:
        if not holds(value):  # so that NaN is refused, too
            raise Invalid(f"{shown(value)} {problem}")

    return check


MOST = 2**63 - 1  # that arrays and databases hold

_positive = _check(lambda value: value > 0, "is not positive")
_not_negative = _check(lambda value: value >= 0, "is negative")

_fits = _check(lambda value: value <= MOST, "is too large")

_is_some = _check(lambda value: value <= 100_000, "is larger than any sensible value")

Count = Annotated[int, _positive, _fits]
CountFrom0 = Annotated[int, _not_negative, _fits]
# What is held in memory, or in processes, all at once.
Some = Annotated[int, _positive, _is_some]
SomeFrom0 = Annotated[int, _not_negative, _is_some]
Hours = Annotated[float, _positive, _is_some]
Said = Annotated[str, _check(lambda value: value.strip() != "", "says nothing")]
Positive = Annotated[float, _positive]
NotNegative = Annotated[float, _not_negative]
# From 0 to 1: with both ends, without 1, or without 0.
Share = Annotated[float, _check(lambda value: 0 <= value <= 1, "is not a share of 0 to 1")]
ShareBelow1 = Annotated[float, _check(lambda value: 0 <= value < 1, "is outside [0, 1)")]
ShareAbove0 = Annotated[float, _check(lambda value: 0 < value <= 1, "is outside (0, 1]")]
AboveOne = Annotated[float, _check(lambda value: value > 1, "is not above 1")]


def between(least: int, most: int) -> Callable[[Any], None]:
    """A whole number within both ends."""
    return _check(lambda value: least <= value <= most, f"is outside {least} to {most}")


def one_of(*names: str) -> Callable[[Any], None]:
    """A text that is one of some names."""
    return lambda value: check_known(value, names)


def check_file_name(name: str) -> None:
    """Refuse a name that is no plain one of a file or folder.

    Raises:
        Invalid: without a path.
    """
    is_plain = name == one_line(name) and not _FORBIDDEN & set(name)
    if not is_plain or not 0 < len(name) <= MOST_CHARACTERS or name[0] in " ." or name[-1] in " .":
        raise Invalid(f"{shown(name)} cannot be the name of a file or folder")


FileName = Annotated[str, check_file_name]
