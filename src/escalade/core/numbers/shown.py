"""Numbers as people read and write them: 1.03M macs, 256kB, 4.2ms, 91.2 %, 12 min.

Amounts are shown as they are given: 60M is a budget of 60M. None is shown as a dash.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from escalade.core.values.invalid import Invalid

NONE = "\N{EN DASH}"
# Bytes of a number, by kind of memory.
BYTES = {"memory": 4, "memory_fp16": 2, "memory_int8": 1}
MOST_CHARACTERS = 400  # of an amount, so that reading one takes no time
_SUFFIXES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9, "t": 1e12}
_AMOUNT = re.compile(r"\s*([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*([a-zA-Z]*)\s*")
_SIZES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}
_SIZES |= {f"{each}b": size for each, size in _SIZES.items()}
_SIZES |= {"kib": 2.0**10, "mib": 2.0**20, "gib": 2.0**30}
_TIMES = {"s": 1.0, "ms": 1e-3, "us": 1e-6}


def parse_amount(text: str, *, kind: str = "macs", kind_flag: str = "--budget-kind") -> float:
    """Read `60M`, `1.5G`, `800k`, for latency `4ms`, for memory `256kB` or `256KiB`.

    Args:
        kind: what it counts.
        kind_flag: what says so, for the message.

    Raises:
        Invalid: with the text and what would work.
    """
    match = _AMOUNT.fullmatch(text) if len(text) <= MOST_CHARACTERS else None
    known, example = _units(kind)
    if match is None or match[2].lower() not in known:
        if match is not None and match[2].lower() in _TIMES:
            example += f"; times are of {kind_flag} latency"
        raise Invalid(f"cannot read {text!r} as an amount", remedy=f"write it like {example}")
    return float(match[1]) * known[match[2].lower()]


def _units(kind: str) -> tuple[dict[str, float], str]:
    """What amounts of a kind may end with, and how to write one."""
    if kind == "latency":
        return _TIMES, "4ms"
    return (_SIZES, "256kB, 256KiB or 1.5MB") if kind in BYTES else (_SUFFIXES, "60M, 1.5G or 800k")


def amount(value: float | None, kind: str = "macs") -> str:
    """Four digits of a cost: 1.03M, 96G; of kind latency 4.2ms, of memory 256kB."""
    if value is None:
        return NONE
    if math.isinf(value):
        return "more than the limits allow"
    if kind == "latency":
        size, unit = next((u for u in ((1.0, "s"), (1e-3, "ms")) if value >= u[0]), (1e-6, "us"))
        return f"{value / size:.4g}{unit}"
    if kind in BYTES:
        return f"{amount(value)}B"
    for size, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.4g}{unit}"
    return f"{value:.4g}"


def memory(num_bytes: float) -> str:
    """What processes hold, as --memory reads it: 3.50GiB."""
    return f"{num_bytes / 2**30:.2f}GiB"


def duration(seconds: float | None) -> str:
    """A span of work: 4.2 s, 45 s, 12 min, 1 h 35 min."""
    if seconds is None:
        return NONE
    if seconds < 90:
        return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60:,} h {minutes % 60:02d} min"


def count(value: float | None) -> str:
    """A whole number with thousands separated: 1,204."""
    return NONE if value is None else f"{round(value):,}"


def percent(share: float | None, *, digits: int | None = 1) -> str:
    """A share in 0..1 as a percentage: 91.2 %; digits None is as many as were given: 5 %."""
    if share is None:
        return NONE
    return f"{100 * share:g} %" if digits is None else f"{100 * share:.{digits}f} %"


def gap(relative: float | None) -> str:
    """A signed relative distance: +1.3 %."""
    return NONE if relative is None else f"{100 * relative:+.1f} %"


def points(difference: float, standard_error: float) -> str:
    """A difference of shares in points, with its standard error: +0.31 ± 0.25."""
    return f"{100 * difference:+.2f} ± {100 * standard_error:.2f}"


def accuracy(share: float | None, between: tuple[float, float] | None = None) -> str:
    """An accuracy with its interval where there is one: 91.2 % (89.1 to 92.9)."""
    return percent(share) + (f" ({interval(between)})" if between and share is not None else "")


def interval(between: tuple[float, float] | None) -> str:
    """Where a share lies: 89.1 to 92.9."""
    return "" if between is None else f"{100 * between[0]:.1f} to {100 * between[1]:.1f}"


def correlation(value: float | None, between: tuple[float, float] | None) -> str:
    """A correlation with its interval: 0.61 (0.35 to 0.78)."""
    if value is None or between is None:
        return NONE
    return f"{value:.2f} ({between[0]:.2f} to {between[1]:.2f})"


def listed(items: Sequence[str]) -> str:
    """a, b and c."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
