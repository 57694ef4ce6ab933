"""Hard constraints in order: those known before a score, then those on the score."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from escalade.core.numbers.budget import KINDS, Budget, Ladder
from escalade.core.numbers.shown import amount, parse_amount
from escalade.core.space.path import Population
from escalade.core.space.space import Space
from escalade.core.values.invalid import Invalid, within
from escalade.search.front.objectives import SCORED, check_measure, measured
from escalade.search.front.pareto import BoolArray, Floats


@dataclass(frozen=True, slots=True)
class Constraint:
    """A measure strictly below or above a limit (SCARLET, equation 2)."""

    measure: str
    sign: str
    limit: float

    def __post_init__(self) -> None:
        if self.sign not in ("<", ">"):
            raise Invalid(f"{self.sign!r} is not a sign", remedy="use < or >")
        if self.is_scored and not 0 <= self.limit <= 1:
            raise Invalid(f"{self.measure} is a share; {self.limit:g} is not within 0..1")
        if self.is_scored and self.limit == (0 if self.sign == "<" else 1):
            raise Invalid(f"nothing can meet {self.text}, as {self.measure} is within 0..1")
        if not 0 <= self.limit < float("inf"):
            raise Invalid(f"{self.limit:g} is no limit for {self.measure}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `macs < 500M`, `accuracy > 0.4` or `latency < 4ms`.

        Raises:
            Invalid: with the text and what would work.
        """
        match = re.fullmatch(r"\s*(\w+)\s*([<>])\s*([^=\s].*)", text)
        if match is None:
            remedy = "write it like macs < 500M or accuracy > 0.4"
            raise Invalid(f"cannot read {text!r}", remedy=remedy)
        if match[1] in SCORED and match[3].rstrip().endswith("%"):
            remedy = f"write a share, such as {match[1]} {match[2]} 0.4"
            raise Invalid(f"cannot read {text!r}", remedy=remedy)
        kind = match[1] if match[1] in KINDS else "macs"
        return cls(match[1], match[2], parse_amount(match[3], kind=kind))

    @classmethod
    def at_most(cls, measure: str, limit: float) -> Self:
        """That a measure is not above a limit."""
        return cls(measure, "<", math.nextafter(limit, math.inf))

    @property
    def is_scored(self) -> bool:
        """Whether only a score tells."""
        return self.measure in SCORED

    @property
    def text(self) -> str:
        return f"{self.measure} {self.sign} {self.show(self.limit)}"

    def show(self, value: float) -> str:
        """A value of the measure, for people."""
        return amount(value, self.measure)

    def met(self, values: Floats) -> BoolArray:
        """Which values are inside."""
        return np.asarray(values < self.limit if self.sign == "<" else values > self.limit)

    def excess(self, values: Floats) -> Floats:
        """How far each value is outside, relative to the limit; 0 inside."""
        apart = values - self.limit if self.sign == "<" else self.limit - values
        return np.maximum(apart / max(self.limit, 1e-12), 0.0)


class Screen:
    """Applies constraints in order, cheap before expensive (Algorithm 1), and keeps count.

    Args:
        constraints: in the order of checking; those on the score come after all others.

    Raises:
        Invalid: for a constraint on what nothing measures.
    """

    def __init__(self, constraints: Sequence[Constraint], *, space: Space) -> None:
        for i, constraint in enumerate(constraints):
            with within("constraints", i):
                check_measure(constraint.measure, space)
        self._space = space
        self._cheap = tuple(c for c in constraints if not c.is_scored)
        self._scored = tuple(c for c in constraints if c.is_scored)
        self._tallies = {constraint: _Tally() for constraint in self.constraints}

    @property
    def constraints(self) -> tuple[Constraint, ...]:
        """In the order of checking."""
        return self._cheap + self._scored

    @property
    def rejected(self) -> dict[str, int]:
        """Networks rejected so far, by the first constraint that each of them broke."""
        return {c.text: tally.seen - tally.met for c, tally in self._tallies.items()}

    def affordable(self, population: Population) -> BoolArray:
        """Which paths meet the constraints that need no score: (n,)."""
        return self._apply(self._cheap, population, None)

    def accurate(self, population: Population, scores: Floats) -> BoolArray:
        """Which scored paths meet the constraints on the score: (n,)."""
        return self._apply(self._scored, population, scores)

    def excess(self, population: Population) -> Floats:
        """How far each path is outside the constraints that need no score: (n,)."""
        total = np.zeros(len(population))
        for constraint in self._cheap:
            total += constraint.excess(measured(constraint.measure, self._space, population))
        return total

    def unmet(self) -> Invalid:
        """Which constraint nothing met, and the nearest value; for a search that found nothing."""
        before: list[str] = []
        for constraint, tally in self._tallies.items():
            if not tally.met:
                those = f" within {' and '.join(before)}" if before else ""
                return Invalid(
                    f"none of {tally.seen} networks of space {self._space.name}{those} meets "
                    f"{constraint.text}; the nearest has {constraint.show(tally.nearest)}",
                    path=("constraints",),
                    remedy="relax it, or train the supernet for longer"
                    if constraint.is_scored
                    else "",
                )
            before.append(constraint.text)
        return Invalid(f"no network of space {self._space.name} was found", path=("constraints",))

    def _apply(
        self, constraints: Sequence[Constraint], population: Population, scores: Floats | None
    ) -> BoolArray:
        left = np.arange(len(population))
        for constraint in constraints:
            if not len(left):
                break
            part = scores[left] if scores is not None else None
            values = measured(constraint.measure, self._space, population[left], part)
            met = constraint.met(values)
            self._tallies[constraint].add(constraint, values, met)
            left = left[met]
        inside: BoolArray = np.zeros(len(population), dtype=bool)
        inside[left] = True
        return inside


class _Tally:
    """What one constraint saw."""

    def __init__(self) -> None:
        self.seen = self.met = 0
        self.nearest = float("nan")

    def add(self, constraint: Constraint, values: Floats, met: BoolArray) -> None:
        self.seen += len(values)
        self.met += int(met.sum())
        pool = np.append(values, self.nearest) if self.nearest == self.nearest else values
        self.nearest = float(pool[constraint.excess(pool).argmin()])


def check_budgets(
    budgets: Sequence[Budget], *, constraints: Sequence[Constraint], budget_kind: str
) -> None:
    """Refuse budgets that rise in another cost than members, or that constraints rule out.

    Raises:
        Invalid: at the budget.
    """
    if not budgets:
        return
    if (kind := Ladder(tuple(budgets)).kind) != budget_kind:
        raise Invalid(f"they are {kind}, but members rise in {budget_kind}", path=("budgets",))
    for i, budget in enumerate(budgets):
        ends = np.array([budget.low, budget.high])
        for each in constraints:
            if each.measure == budget_kind and not each.met(ends).any():
                raise Invalid(
                    f"{budget} cannot meet the constraint {each.text}",
                    path=("budgets", i),
                    remedy="change one of them",
                )
