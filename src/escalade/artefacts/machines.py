"""machines.json: what the bits of a run's results depend on, beside its settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

from escalade.core.values.codec import decode, encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where a run worked.

    Attributes:
        device: the very CPU or GPU.
        capability: what torch's kernels take the CPU for, such as `AVX512`.
        threads: of a training; None on CUDA, where they decide nothing.
    """

    torch: str
    device: str
    capability: str
    threads: int | None
    ranks: int

    def __str__(self) -> str:
        """For people."""
        counts = [(self.ranks, "rank"), (self.threads, "thread")]
        told = ", ".join(f"{num} {of}{'' if num == 1 else 's'}" for num, of in counts if num)
        return f"{self.device} ({self.capability}), torch {self.torch}, {told}"


@dataclass(frozen=True, slots=True)
class Machines:
    """All different ones, in the order of their first appearance; the file is a list of them."""

    FILE: ClassVar[str] = "machines.json"
    STAGE: ClassVar[str] = "run"

    entries: tuple[Machine, ...] = ()

    def to_json(self) -> list[Any]:
        return [encode(entry) for entry in self.entries]

    @classmethod
    def from_json(cls, data: Any) -> Self:
        return cls(decode(tuple[Machine, ...], data))
