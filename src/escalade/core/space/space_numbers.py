"""The numbers in a space's file, as `core.values.codec` reads them: all are positive."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, NamedTuple, Self

from escalade.core.values.codec import exact
from escalade.core.values.invalid import Invalid, shown

# Larger ones are slips, and would fill the memory.
MOST, MOST_LAYERS = 1_000_000, 1_000
MOST_CHOICES = 1_000  # of one list
# Digits, or a fraction of them; an exponent of many digits would be computed for hours.
_NUMBER = re.compile(r"[+-]?[\d._]{1,500}(?:e[+-]?\d{1,3})?(?:/\d{1,500})?", re.IGNORECASE)


class Numbers(tuple[float, ...]):
    """Different numbers, read from a list, or from one number alone."""

    __slots__ = ()

    @classmethod
    def from_json(cls, data: Any) -> Self:
        return cls(_different(float, data))


class WholeNumbers(tuple[int, ...]):
    """Different whole numbers, read from a list, or from one number alone."""

    __slots__ = ()

    @classmethod
    def from_json(cls, data: Any) -> Self:
        return cls(_different(int, data))


class Span(NamedTuple):
    """The least and the most of a whole number; one alone is both."""

    least: int
    most: int

    @property
    def numbers(self) -> range:
        return range(self.least, self.most + 1)

    @classmethod
    def from_json(cls, data: Any) -> Self:
        numbers = [positive(int, number) for number in _as_list(data)]
        least, *rest = numbers
        if len(rest) > 1 or max(rest, default=least) < least:
            raise Invalid("expected [least, most] with 1 <= least <= most")
        if numbers[-1] > MOST_LAYERS:
            raise too_large(numbers[-1], MOST_LAYERS)
        return cls(least, max(rest, default=least))


def positive(kind: type, value: Any) -> Any:
    """A scalar of a space's file; numbers are positive, and fractions such as 240/224 are text.

    Raises:
        Invalid: if it is none.
    """
    if kind not in (int, float):
        return exact(kind, value)
    try:
        text = str(value).strip()
        if isinstance(value, bool) or not _NUMBER.fullmatch(text):
            raise ValueError
        number = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise Invalid(f"expected a number, got {shown(value)}") from None
    if number <= 0 or (kind is int and number.denominator != 1):
        expected = "a positive whole number" if kind is int else "a positive number"
        raise Invalid(f"expected {expected}, got {shown(value)}")
    if number > MOST:
        raise too_large(value, MOST)
    return kind(number)


def too_large(value: Any, most: int) -> Invalid:
    """What to say of a number that nobody means."""
    return Invalid(f"{shown(value)} is too large", remedy=f"use {most:,} or less")


def too_many(num: int, what: str, most: int) -> Invalid:
    """What to say of more than the memory should be asked for."""
    return Invalid(f"{num:,} {what} are too many", remedy=f"use {most:,} or fewer")


def _different(kind: type, data: Any) -> list[Any]:
    numbers = [positive(kind, number) for number in _as_list(data)]
    if len(numbers) != len(set(numbers)):
        twice = next(number for i, number in enumerate(numbers) if number in numbers[:i])
        raise Invalid(f"{twice:g} is listed twice")
    return numbers


def _as_list(data: Any) -> list[Any] | tuple[Any, ...]:
    if not isinstance(data, list | tuple):
        return [data]
    if not data:
        raise Invalid(f"expected a list with at least one entry, got {shown(data)}")
    if len(data) > MOST_CHOICES:
        raise too_many(len(data), "entries", MOST_CHOICES)
    return data
