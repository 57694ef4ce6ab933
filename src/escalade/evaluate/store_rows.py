"""What the evaluation store holds: its two tables, and a row of each as a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Literal, TypeVar, get_args

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.values.codec import decode
from escalade.core.values.ranges import Count, CountFrom0, NotNegative

SCHEMAS = (
    """CREATE TABLE evaluations (
    supernet TEXT NOT NULL,
    path TEXT NOT NULL,
    data TEXT NOT NULL,
    settings TEXT NOT NULL,
    value REAL NOT NULL,
    count INTEGER CHECK (count >= 0),
    num_images INTEGER NOT NULL CHECK (num_images > 0),
    macs INTEGER NOT NULL,
    params INTEGER NOT NULL,
    activations INTEGER NOT NULL,
    resolution INTEGER NOT NULL,
    seconds REAL NOT NULL,
    PRIMARY KEY (supernet, path, data, settings)
) WITHOUT ROWID""",
    """CREATE TABLE latencies (
    settings TEXT NOT NULL,
    role TEXT NOT NULL,
    item TEXT NOT NULL,
    seconds REAL NOT NULL CHECK (seconds >= 0),
    PRIMARY KEY (settings, role, item)
) WITHOUT ROWID""",
)


Role = Literal["part", "calibration", "check", "survey"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Under what a path was scored: digests of weights and data, and the settings."""

    supernet: str
    data: str
    settings: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRow:
    """One evaluation.

    Attributes:
        supernet, data, settings: the context.
        path: the path key.
        value: the score, in its own unit; an accuracy is in 0..1.
        count: images that count, where the score is their share: of an accuracy, the right ones.
        num_images: images that were scored.
        macs, params, activations, resolution: of the network that the path leaves.
        seconds: device-seconds.
    """

    supernet: str
    path: str
    data: str
    settings: str
    value: float
    count: CountFrom0 | None
    num_images: Count
    macs: Count
    params: Count
    activations: Count
    resolution: Count
    seconds: NotNegative

    def __post_init__(self) -> None:
        if self.count is not None and (
            self.count > self.num_images or self.value != self.count / self.num_images
        ):
            raise ValueError(f"{self.value} is not {self.count} of {self.num_images} images")

    @classmethod
    def of(
        cls,
        architecture: Architecture,
        *,
        context: Context,
        path: str,
        num_correct: float,
        num_images: int,
        seconds: float,
    ) -> ScoreRow:
        """The accuracy of a path that leaves this network, or a score that counts no images."""
        costs = cost.of(architecture)
        return cls(
            supernet=context.supernet,
            path=path,
            data=context.data,
            settings=context.settings,
            value=num_correct / num_images,
            count=num_correct if isinstance(num_correct, int) else None,
            num_images=num_images,
            macs=costs.macs,
            params=costs.params,
            activations=costs.activations,
            resolution=architecture.resolution,
            seconds=seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyRow:
    """One measured time: `item` is a part of a network or a network, as JSON."""

    settings: str
    role: Role
    item: str
    seconds: NotNegative


ROLES: tuple[Role, ...] = get_args(Role)
Row = TypeVar("Row", ScoreRow, LatencyRow)
_TABLES = {ScoreRow: "evaluations", LatencyRow: "latencies"}


def columns(kind: type[Any]) -> str:
    """The columns of a kind of row, in their order."""
    return ", ".join(field.name for field in fields(kind))


def insertion(kind: type[Any]) -> str:
    """The statement that adds a row, unless it is there."""
    marks = ", ".join("?" for _ in fields(kind))
    into = f"{_TABLES[kind]} ({columns(kind)})"
    return f"INSERT INTO {into} VALUES ({marks}) ON CONFLICT DO NOTHING"


def read_row(kind: type[Row], values: Sequence[object]) -> Row:
    """A row of a file.

    Raises:
        ValueError: for a value of another type, or out of its range.
    """
    return decode(kind, dict(zip((f.name for f in fields(kind)), values, strict=True)))
