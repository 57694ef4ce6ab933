"""An objective of a search, or a limit on one, as a figure's axis has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from typing import Any

from escalade.core.numbers.shown import amount, percent
from escalade.report.figures.figure import label, log_axis
from escalade.report.palette import NEUTRAL
from escalade.search.front.constraints import Constraint

_TITLES = {
    "error": "error on the search images (%)",
    "accuracy": "accuracy on the search images (%)",
    "latency": "predicted latency",
}
# A longer range of costs is logarithmic.
_LINEAR = 3.0
# In shares of the front's range: how far beyond it worse networks are shown, and the air around.
_WORSE, _AIR = 0.6, 0.1


@dataclass(frozen=True, slots=True)
class Measure:
    """What one objective counts; errors are drawn in percent, latencies are seconds."""

    name: str
    maximised: bool = False

    @classmethod
    def of(cls, objective: str) -> Measure:
        """From an objective as users write it: `macs`, `-params`."""
        return cls(objective.removeprefix("-"), objective.startswith("-"))

    @property
    def is_share(self) -> bool:
        return self.name in ("error", "accuracy")

    def drawn(self, value: float) -> float:
        """The value as the axis counts it."""
        return 100 * value if self.is_share else value

    def shown(self, drawn: float) -> str:
        """A drawn value for people: 11.42 % error, 2.76M macs."""
        if self.is_share:
            return f"{percent(drawn / 100, digits=2)} {self.name}"
        told = amount(drawn, self.name)
        return told if self.name == "latency" else f"{told} {self.name}"

    def better(self, one: float, other: float) -> bool:
        """Whether one value is strictly better."""
        return one > other if self.maximised else one < other

    def axis(self, front: Sequence[float], cloud: Sequence[float]) -> dict[str, Any]:
        """An axis with all of a front, and of other networks those that are not far worse."""
        title = _TITLES.get(self.name, self.name)
        title += ", more is better" if self.maximised and self.name != "accuracy" else ""
        low, high = min(front), max(front)
        is_log = not self.is_share and 0 < low * _LINEAR <= high
        low, high, *places = (log10(v) if is_log else v for v in (low, high, *cloud) if v > 0)
        width = (high - low) or 0.1 * abs(high) or 1.0
        below, above = (_WORSE, _AIR) if self.maximised else (_AIR, _WORSE)
        inside = [at for at in places if low - below * width <= at <= high + above * width]
        first, last = min([low, *inside]) - _AIR * width, max([high, *inside]) + _AIR * width
        if is_log:
            return log_axis(f"{title} (log scale)", 10**first, 10**last, kind=self.name)
        made: dict[str, Any] = {"title": {"text": title}, "range": [first, last]}
        made |= {} if self.is_share else {"tickformat": "~s", "nticks": 6}
        return made | ({"ticksuffix": "s"} if self.name == "latency" else {})


def limit_lines(constraints: Sequence[str], x: Measure, y: Measure) -> list[dict[str, Any]]:
    """A dashed line with its words for each hard constraint on an axis's measure.

    Args:
        constraints: as users write them; one on the accuracy is a line of the error.
        x, y: what the axes count.
    """
    lines = []
    for text in constraints:
        found = Constraint.parse(text)
        is_error = found.measure == "accuracy"
        name, limit = ("error", 1 - found.limit) if is_error else (found.measure, found.limit)
        for measure, along, across in ((x, "x", "y"), (y, "y", "x")):
            if measure.name == name:
                at = measure.drawn(limit)
                ends = {f"{along}0": at, f"{along}1": at, f"{across}0": 0, f"{across}1": 1}
                words = {"text": label(text), "textposition": "middle", "font": {"size": 11}}
                style = {"color": NEUTRAL, "width": 1.5, "dash": "dash"}
                axis = {f"{across}ref": "paper", "label": words, "line": style}
                lines.append({"type": "line", **ends, **axis})
    return lines
