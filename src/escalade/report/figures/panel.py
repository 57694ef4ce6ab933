"""Networks in the plane of two objectives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from escalade.report.figures.limits import Limit
from escalade.report.figures.measure import Axis, Measure, axis_around

Point = tuple[float, float]
Rows = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Points as the axes count them.

    Attributes:
        x, y: the axes; the error is the height.
        points: of the front's networks, and of members that are on no front.
        num_front: how many of the points are the front.
        cloud: other networks that were scored, or, where their costs are not known, those that
            were on some generation's front.
    """

    x: Axis
    y: Axis
    points: tuple[Point, ...]
    num_front: int
    cloud: tuple[Point, ...]

    @classmethod
    def of(
        cls,
        front: Mapping[str, Any],
        pair: tuple[int, int],
        *,
        scored: Rows,
        limits: Sequence[Limit],
    ) -> Self:
        """The panel of two of a front's objectives, given by their positions."""
        measures = [Measure.of(name) for name in front["objectives"]]
        across, up = reversed(pair) if measures[pair[0]].name == "error" else pair
        x, y = measures[across], measures[up]

        def points(networks: Rows) -> tuple[Point, ...]:
            return tuple((x.drawn(n["values"][across]), y.drawn(n["values"][up])) for n in networks)

        shown = points(front["networks"])
        cloud = _known(scored, x, y) or points(front["seen"])
        made = [
            axis_around(
                measure,
                [point[i] for point in shown],
                cloud=[point[i] for point in cloud],
                limits=[limit.drawn for limit in limits if limit.name == measure.name],
            )
            for i, measure in enumerate((x, y))
        ]
        num_front = int(front.get("num_front", len(shown)))
        return cls(x=made[0], y=made[1], points=shown, num_front=num_front, cloud=cloud)

    @property
    def name(self) -> str:
        return f"front-{self.y.measure.name}-{self.x.measure.name}"

    @property
    def stairs(self) -> list[Point]:
        """The front's networks that no other beats in these two alone, from the left."""
        front = self.points[: self.num_front]
        return sorted({p for p in front if not any(self._beats(other, p) for other in front)})

    @property
    def num_outside(self) -> int:
        """Networks of the cloud that are not in the picture."""
        return sum(not (self.x.covers(x) and self.y.covers(y)) for x, y in self.cloud)

    def _beats(self, one: Point, other: Point) -> bool:
        pairs = list(zip((self.x.measure, self.y.measure), one, other, strict=True))
        worse = any(measure.better(b, a) for measure, a, b in pairs)
        return not worse and any(measure.better(a, b) for measure, a, b in pairs)


def _known(rows: Iterable[Mapping[str, Any]], x: Measure, y: Measure) -> tuple[Point, ...]:
    """Scored networks whose rows have both measures."""
    values = ({"error": 1 - row["accuracy"]} | dict(row) for row in rows)
    return tuple(
        (x.drawn(v[x.name]), y.drawn(v[y.name])) for v in values if x.name in v and y.name in v
    )
