"""Bases with the strategies that put them inside every budget, as rows that a model can value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from escalade.core.numbers.regression import Floats
from escalade.core.space.path import IntArray, Population
from escalade.search.problem import Problem


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Families:
    """Every base with its feasible strategies of every stage.

    Attributes:
        problem: the budgets, and how much each counts.
        bases: (b, genes), legal.
        rows: all pairs of base and strategy, by stage, then by base.
        owners: the base of each row, a stage at a time.
    """

    problem: Problem
    bases: IntArray
    rows: Population
    owners: tuple[IntArray, ...]

    @classmethod
    def of(
        cls,
        problem: Problem,
        bases: IntArray,
        *,
        most: int | None = None,
        rng: np.random.Generator | None = None,
    ) -> Self:
        """The families of some legal bases.

        Args:
            problem: the space and its budgets.
            bases: (b, genes).
            most: of the strategies that suit a base and stage; more are left out at random.
            rng: says which.
        """
        owners, parts = [], []
        for stage in range(problem.num_stages):
            strategies = problem.strategies(stage)
            inside = problem.feasible(bases, stage=stage)
            if most is not None and rng is not None:
                order = np.where(inside, rng.random(inside.shape), -1.0).argsort(axis=1)[:, ::-1]
                kept = np.zeros_like(inside)
                np.put_along_axis(kept, order[:, :most], True, axis=1)
                inside &= kept
            owner, picked = np.nonzero(inside)
            owners.append(owner.astype(np.int64))
            parts.append(Population(bases[owner], strategies[picked]))
        rows = Population.concatenate(parts)
        return cls(problem=problem, bases=bases, rows=rows, owners=tuple(owners))

    def best(self, values: Floats) -> tuple[Floats, IntArray]:
        """The weighted value (b,) of every base under its best strategies, which rows (stages, b).

        Args:
            values: of all rows.
        """
        fitness, picks, first = np.zeros(len(self.bases)), [], 0
        for owner, weight in zip(self.owners, self.problem.weights, strict=True):
            own = values[first : first + len(owner)]
            order = np.lexsort((-own, owner))
            leads = order[np.flatnonzero(np.diff(owner[order], prepend=-1))]
            fitness += weight * own[leads]
            picks.append(leads + first)
            first += len(owner)
        return fitness, np.stack(picks)

    def members(self, picks: Sequence[int] | IntArray, *, scored: bool = False) -> Population:
        """The networks of one family, a stage each, or only of stages that count."""
        stages = self.problem.scored_stages if scored else range(self.problem.num_stages)
        return self.rows[np.array([picks[stage] for stage in stages], dtype=np.int64)]
