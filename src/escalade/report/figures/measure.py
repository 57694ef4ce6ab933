"""An objective of a search as an axis: its scale, its range, and its numbers for people."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import log10
from typing import Any

from escalade.report.figures.figure import log_axis
from escalade.report.number import amount, latency, percent

_SHARES = ("error", "accuracy")
# A longer range of costs is logarithmic.
_LINEAR = 3.0
# In shares of the front's range: how far beyond it worse networks and constraints are shown, and
# the air at both ends; members' names stand on the better side.
_WORSE, _LIMIT, _AIR, _NAMES = 0.6, 0.5, 0.06, 0.14


@dataclass(frozen=True, slots=True)
class Measure:
    """What one objective counts; errors are shown in percent, latencies are seconds."""

    name: str
    maximised: bool = False

    @classmethod
    def of(cls, objective: str) -> Measure:
        """From an objective as users write it: `macs`, `-params`."""
        return cls(objective.removeprefix("-"), objective.startswith("-"))

    @property
    def title(self) -> str:
        """The words at the axis."""
        named = {
            "error": "error on the search images (%)",
            "accuracy": "accuracy on the search images (%)",
            "latency": "predicted latency",
        }
        more = ", more is better" if self.maximised and self.name != "accuracy" else ""
        return named.get(self.name, self.name) + more

    def drawn(self, value: float) -> float:
        """The value as the axis counts it."""
        return 100 * value if self.name in _SHARES else value

    def read(self, drawn: float) -> float:
        """The value behind a drawn one."""
        return drawn / 100 if self.name in _SHARES else drawn

    def shown(self, value: float) -> str:
        """The value for people: 11.4 % error, 2.76 M macs."""
        return f"{self._number(value)}{'' if self.name == 'latency' else f' {self.name}'}"

    def span(self, low: float, high: float) -> str:
        """A range for people: 11.4 % to 20.5 % error."""
        return f"{self._number(low)} to {self.shown(high)}"

    def _number(self, value: float) -> str:
        if self.name in _SHARES:
            return percent(value, digits=2)
        return latency(value) if self.name == "latency" else amount(value)

    def better(self, one: float, other: float) -> bool:
        """Whether one value is strictly better."""
        return one > other if self.maximised else one < other


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """An axis around a front; `ends` are logarithms on a logarithmic axis."""

    measure: Measure
    logarithmic: bool
    ends: tuple[float, float]

    def position(self, value: float) -> float:
        """Where a drawn value stands between the ends."""
        return log10(value) if self.logarithmic else value

    def shown(self, value: float) -> str:
        """A drawn value for people."""
        return self.measure.shown(self.measure.read(value))

    def span(self, values: Sequence[float]) -> str:
        """The range of drawn values for people."""
        return self.measure.span(*(self.measure.read(end(values)) for end in (min, max)))

    def covers(self, value: float) -> bool:
        """Whether a drawn value is in the picture."""
        return self.ends[0] <= self.position(value) <= self.ends[1]

    def to_plotly(self) -> dict[str, Any]:
        """The axis as figures take it."""
        title, name = self.measure.title, self.measure.name
        if self.logarithmic:
            low, high = (10**end for end in self.ends)
            shown: Callable[[float], str] = latency if name == "latency" else _trimmed
            made = log_axis(f"{title} (log scale)", low, high, shown=shown)
            return made | {"range": list(self.ends)}
        made = {"title": {"text": title}, "range": list(self.ends)}
        if name not in _SHARES:
            made |= {"tickformat": "~s", "nticks": 6}
        return made | ({"ticksuffix": "s"} if name == "latency" else {})


def axis_around(
    measure: Measure,
    front: Sequence[float],
    *,
    cloud: Iterable[float] = (),
    limits: Iterable[float] = (),
) -> Axis:
    """An axis that shows all of a front, and of other networks those that are not far from it.

    Args:
        measure: what the axis counts.
        front: drawn values, all shown.
        cloud: drawn values of other networks.
        limits: drawn values of constraints, shown where they are near.
    """
    positive = measure.name not in _SHARES and min(front) > 0
    logarithmic = positive and max(front) / min(front) >= _LINEAR
    low, high = min(front), max(front)
    if logarithmic:
        low, high = log10(low), log10(high)
    width = (high - low) or abs(high) * 0.1 or 1.0
    below, above = (_WORSE, _NAMES) if measure.maximised else (_NAMES, _WORSE)
    far = (low - below * width, high + above * width)
    inside = [at for at in _positions(cloud, logarithmic) if far[0] <= at <= far[1]]
    near = (low - _LIMIT * width, high + _LIMIT * width)
    inside += [at for at in _positions(limits, logarithmic) if near[0] <= at <= near[1]]
    names = high + _NAMES * width if measure.maximised else low - _NAMES * width
    air = _AIR * width
    ends = (min([*inside, low, names + air]) - air, max([*inside, high, names - air]) + air)
    return Axis(measure=measure, logarithmic=logarithmic, ends=ends)


def _positions(values: Iterable[float], logarithmic: bool) -> list[float]:
    return [log10(v) for v in values if v > 0] if logarithmic else list(values)


def _trimmed(value: float) -> str:
    return amount(value, trimmed=True)
