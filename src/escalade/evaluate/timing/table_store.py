"""A latency table in the evaluation store: measured once a run, replayed ever after."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from escalade.artefacts.texts import parse_json
from escalade.core.latency.latency_table import LatencyTable
from escalade.core.latency.work import Group, Operation, Work
from escalade.core.network.architecture import Architecture
from escalade.core.values.codec import decode
from escalade.evaluate.store import EvaluationStore
from escalade.evaluate.store_rows import ROLES, LatencyRow, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    kind: str
    operations: tuple[tuple[str, str, int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What JSON holds of a part's work."""

    group: _Group
    terms: tuple[tuple[str, int | float], ...]


def save(store: EvaluationStore, table: LatencyTable) -> None:
    """Put everything measured into the store, all or nothing."""
    store.put_latencies(to_rows(table))


def load(store: EvaluationStore) -> LatencyTable | None:
    """The run's table, or None if nothing was measured yet.

    It is the same whatever device reads it: a run has one table.
    """
    rows = store.latencies()
    return from_rows(rows) if rows else None


def to_rows(table: LatencyTable) -> list[LatencyRow]:
    """Everything that was measured for a table."""
    times: list[tuple[Role, Any, float]] = [
        ("part", asdict(part), seconds) for part, seconds in table.parts.items()
    ]
    times += [("calibration", arch.to_json(), seconds) for arch, seconds in table.calibration]
    times += [("check", arch.to_json(), seconds) for arch, seconds in table.checked]
    times += [("survey", {}, table.seconds)]
    return [
        LatencyRow(
            settings=table.settings, role=role, item=json.dumps(item, sort_keys=True), seconds=value
        )
        for role, item, value in times
    ]


def from_rows(rows: Sequence[LatencyRow]) -> LatencyTable:
    """The table of rows, at least one; those of other settings than the first are left out.

    Raises:
        ValueError: for a row that is no time of a part or a network.
    """
    settings = rows[0].settings
    by_role: dict[str, list[tuple[Any, float]]] = {role: [] for role in ROLES}
    for row in rows:
        if row.settings == settings:
            by_role[row.role].append((parse_json(row.item), row.seconds))
    return LatencyTable(
        settings=settings,
        parts={_work(item): seconds for item, seconds in by_role["part"]},
        calibration=_networks(by_role["calibration"]),
        checked=_networks(by_role["check"]),
        seconds=sum(seconds for _, seconds in by_role["survey"]),
    )


def _work(item: Any) -> Work:
    read = decode(_Part, item)
    operations = tuple(Operation(*each) for each in read.group.operations)
    return Work(Group(read.group.kind, operations), read.terms)


def _networks(items: list[tuple[Any, float]]) -> tuple[tuple[Architecture, float], ...]:
    return tuple((Architecture.from_json(item), seconds) for item, seconds in items)
