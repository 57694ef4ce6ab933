"""Budgets: a target in some kind of cost, with a tolerance on both sides."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal, get_args

from escalade.core.numbers.shown import amount, percent
from escalade.core.values.invalid import Invalid

Kind = Literal["macs", "params", "activations", "memory", "memory_fp16", "memory_int8", "latency"]
KINDS: tuple[Kind, ...] = get_args(Kind)
COUNTED = KINDS[:-1]


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

    def __str__(self) -> str:
        return f"{amount(self.target, self.kind)} {self.kind}"

    @property
    def allowed(self) -> str:
        """What is accepted, after "within": 5 % of 60M macs."""
        return f"{percent(self.tolerance, digits=None)} of {self}"

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
            problem = f"{', '.join(amount(b.target, b.kind) for b in self.budgets)} do not rise"
            raise Invalid(problem, path=("budgets",), remedy="list them from small to large")
        if len({budget.kind for budget in self.budgets}) > 1:
            raise Invalid("all budgets of a ladder must be of one kind", path=("budgets",))

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
