"""Numbers as people read them: 1.03 M, 91.2 %, 3 min 20 s."""

from __future__ import annotations

import math

from escalade.core.numbers.budget import BYTES

SPACE = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"
_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def amount(value: float | None, *, trimmed: bool = False) -> str:
    """Three significant digits with a decimal unit: 1.03 M; trimmed, 2 M instead of 2.00 M."""
    if value is None:
        return NONE
    for size, unit in _UNITS:
        if abs(value) >= 0.9995 * size:
            digits = f"{value / size:.3g}" if trimmed else _significant(value / size)
            return f"{digits}{SPACE}{unit}"
    return _significant(value)


def budget(value: float | None, kind: str) -> str:
    """A budget in its own unit; latencies are seconds, memory is bytes."""
    if kind in BYTES and value is not None:
        return size(round(value))
    return latency(value) if kind == "latency" else amount(value)


def count(value: float | None) -> str:
    """A whole number with thousands separated: 1,204."""
    return NONE if value is None else f"{round(value):,}"


def percent(share: float | None, *, digits: int = 1) -> str:
    """A share in 0..1 as a percentage: 91.2 %."""
    return NONE if share is None else f"{_minus(f'{100 * share:.{digits}f}')}{SPACE}%"


def gap(relative: float | None) -> str:
    """A signed relative distance: +1.3 %."""
    return NONE if relative is None else f"{_minus(f'{100 * relative:+.1f}')}{SPACE}%"


def signed(value: float) -> str:
    """A signed difference: +0.012."""
    return _minus(f"{value:+.3f}")


def points(difference: float, standard_error: float) -> str:
    """A difference of shares in points, with its standard error: +0.31 ± 0.25."""
    return f"{_minus(f'{100 * difference:+.2f}')}{SPACE}±{SPACE}{100 * standard_error:.2f}"


def accuracy(share: float | None, between: tuple[float, float] | None = None) -> str:
    """An accuracy with its interval where there is one: 91.2 % (89.1 to 92.9)."""
    if share is None or between is None:
        return percent(share)
    return f"{percent(share)} ({interval(between)})"


def interval(between: tuple[float, float] | None) -> str:
    """Where a share lies: 89.1 to 92.9."""
    return "" if between is None else f"{100 * between[0]:.1f} to {100 * between[1]:.1f}"


def correlation(value: float | None, interval: tuple[float, float] | None) -> str:
    """A correlation with its interval: 0.61 (0.35 to 0.78)."""
    if value is None or interval is None:
        return NONE
    low, high = (_minus(f"{bound:.2f}") for bound in interval)
    return f"{_minus(f'{value:.2f}')} ({low} to {high})"


def latency(seconds: float | None) -> str:
    """A short time: 1.24 ms, 850 µs."""
    if seconds is None:
        return NONE
    for size, unit in ((1.0, "s"), (1e-3, "ms")):
        if seconds >= 0.9995 * size:
            return f"{_significant(seconds / size)}{SPACE}{unit}"
    return f"{_significant(seconds * 1e6)}{SPACE}µs"


def duration(seconds: float | None) -> str:
    """A span of work: 45 s, 3 min 20 s, 1 h 05 min."""
    if seconds is None:
        return NONE
    if seconds < 10:
        return f"{seconds:.1f}{SPACE}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}{SPACE}s"
    if whole < 3600:
        return f"{whole // 60}{SPACE}min{SPACE}{whole % 60:02d}{SPACE}s"
    minutes = round(seconds / 60)
    return f"{minutes // 60:,}{SPACE}h{SPACE}{minutes % 60:02d}{SPACE}min"


def size(num_bytes: int) -> str:
    """A file's size: 4.1 MB."""
    return f"{amount(num_bytes)}B" if num_bytes >= 1000 else f"{num_bytes}{SPACE}B"


def listed(items: list[str]) -> str:
    """a, b and c."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _significant(value: float) -> str:
    """Three significant digits, integers from 100 on, no exponent."""
    if value == 0:
        return "0"
    value = float(f"{value:.3g}")
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{digits}f}"
    return _minus(text.rstrip("0").rstrip(".") if digits > 2 else text)


def _minus(text: str) -> str:
    return text.replace("-", MINUS)
