"""ledger.json: what a run cost, by stage and piece."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any, ClassVar, Self

from escalade.core.values.codec import decode, encode
from escalade.core.values.ranges import CountFrom0, NotNegative


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """The cost of one named piece of a stage, over all its resumes.

    Attributes:
        stage: `latency`, `train`, `search`, `grow`, `retrain`, `test`, `export` or `analyse`.
        name: the piece, such as a member; empty if the stage has one.
        device_seconds: GPU-seconds, or core-seconds on CPU.
        images: images that went through a network.
        evaluations: networks scored.
        device: what the device-seconds count, such as `CPU core`.
    """

    stage: str
    name: str = ""
    device_seconds: NotNegative = 0.0
    wall_seconds: NotNegative = 0.0
    images: CountFrom0 = 0
    evaluations: CountFrom0 = 0
    device: str = ""

    def __add__(self, other: LedgerEntry) -> LedgerEntry:
        """The same piece over both; what it is called and measured on is the other's."""
        numbers = [f.name for f in fields(self) if f.name not in ("stage", "name", "device")]
        return replace(
            other, **{name: getattr(self, name) + getattr(other, name) for name in numbers}
        )


@dataclass(frozen=True, slots=True)
class Ledger:
    """All entries, in the order of their first appearance; the file is a list of them."""

    FILE: ClassVar[str] = "ledger.json"
    STAGE: ClassVar[str] = "run"

    entries: tuple[LedgerEntry, ...] = ()

    def add(self, entry: LedgerEntry) -> Self:
        """With an entry added to that of the same stage and name, as a resumed stage does."""
        return self._with(entry, lambda old: old + entry)

    def put(self, entry: LedgerEntry) -> Self:
        """With an entry in the place of that of the same stage and name."""
        return self._with(entry, lambda old: entry)

    def _with(self, entry: LedgerEntry, combine: Callable[[LedgerEntry], LedgerEntry]) -> Self:
        found = {(old.stage, old.name): old for old in self.entries}
        key = (entry.stage, entry.name)
        found[key] = combine(found[key]) if key in found else entry
        return replace(self, entries=tuple(found.values()))

    def to_json(self) -> list[Any]:
        return [encode(entry) for entry in self.entries]

    @classmethod
    def from_json(cls, data: Any) -> Self:
        return cls(decode(tuple[LedgerEntry, ...], data))
