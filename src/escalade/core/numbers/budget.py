"""Budgets: a target in some kind of cost, with a tolerance on both sides."""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass
from typing import Literal, get_args

from escalade.core.values.invalid import Invalid

Kind = Literal["macs", "params", "activations", "memory", "memory_fp16", "memory_int8", "latency"]
KINDS: tuple[Kind, ...] = get_args(Kind)
COUNTED = KINDS[:-1]
# Bytes of a number, by kind of memory.
BYTES = {"memory": 4, "memory_fp16": 2, "memory_int8": 1}
MOST_CHARACTERS = 400  # of an amount, so that reading one takes no time
_SUFFIXES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9, "b": 1e9, "t": 1e12}
_AMOUNT = re.compile(r"\s*([0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*([a-zA-Z]*)\s*")
_SIZES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}
_SIZES |= {f"{each}b": size for each, size in _SIZES.items()}
_SIZES |= {"kib": 2.0**10, "mib": 2.0**20, "gib": 2.0**30}
_TIMES = {"s": 1.0, "ms": 1e-3, "us": 1e-6}


@dataclass(frozen=True, slots=True)
class Budget:
    """A target cost; `tolerance` is relative and holds on both sides."""

    target: float
    kind: str = "macs"
    tolerance: float = 0.05

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            problem = f"{self.kind!r} is not known"
            raise Invalid(problem, path=("budget_kind",), remedy=f"use {', '.join(KINDS)}")
        if not self.target > 0 or not math.isfinite(self.target):
            raise Invalid(f"{self.target} is not a positive amount", path=("budgets",))
        if not 0 < self.tolerance < 1:
            raise Invalid(f"{self.tolerance} is outside (0, 1)", path=("tolerance",))

    @property
    def low(self) -> float:
        return self.target * (1 - self.tolerance)

    @property
    def high(self) -> float:
        return self.target * (1 + self.tolerance)

    def contains(self, value: float) -> bool:
        return self.low <= value <= self.high

    def gap(self, value: float) -> float:
        """Relative distance from the target, signed: above is positive."""
        return value / self.target - 1


@dataclass(frozen=True, slots=True)
class Ladder:
    """Budgets of the scaling stages, rising; stage 0 is the base network's.

    Raises:
        Invalid: if it is empty, mixes kinds or does not rise.
    """

    budgets: tuple[Budget, ...]

    def __post_init__(self) -> None:
        if not self.budgets:
            problem = "there are none"
            raise Invalid(problem, path=("budgets",), remedy="give at least one, such as 60M,120M")
        targets = [budget.target for budget in self.budgets]
        if any(b <= a for a, b in itertools.pairwise(targets)):
            shown = ", ".join(format_amount(t, self.budgets[0].kind) for t in targets)
            problem = f"{shown} do not rise"
            raise Invalid(problem, path=("budgets",), remedy="list them from small to large")
        if len({budget.kind for budget in self.budgets}) > 1:
            raise Invalid("all budgets of a ladder are of one kind", path=("budgets",))

    @property
    def kind(self) -> str:
        return self.budgets[0].kind

    @property
    def factors(self) -> tuple[float, ...]:
        return tuple(budget.target / self.budgets[0].target for budget in self.budgets)

    def stage(self, target: float) -> float:
        """The real-valued scaling stage j = log2(f / f_0) (docs/explanation/method.md)."""
        return math.log2(target / self.budgets[0].target)

    def grown(self, num: int, *, doubles: bool = False) -> tuple[Budget, ...]:
        """The next `num` budgets, continuing the last ratio; or doubling, as a ladder of one."""
        last, ratio = self.budgets[-1], 2.0
        if len(self.budgets) > 1 and not doubles:
            ratio = last.target / self.budgets[-2].target
        return tuple(
            Budget(last.target * ratio**i, last.kind, last.tolerance) for i in range(1, num + 1)
        )


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


def format_amount(value: float, kind: str = "macs") -> str:
    """An amount for people: 1.03M, 96G; of kind latency 4.2ms, of memory 256kB."""
    if math.isinf(value):
        return "more than the limits allow"
    if kind == "latency":
        return format_seconds(value)
    if kind in BYTES:
        return f"{format_amount(value)}B"
    for factor, suffix in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:.4g}{suffix}"
    return f"{value:.4g}"


def format_seconds(value: float) -> str:
    """A short time, as `parse_amount` reads it: 4.2ms."""
    for factor, suffix in ((1.0, "s"), (1e-3, "ms")):
        if value >= factor:
            return f"{value / factor:.4g}{suffix}"
    return f"{value * 1e6:.4g}us"
