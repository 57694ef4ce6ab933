"""The constraints of equation (4): which bases and strategies meet the budgets of all stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from escalade.core.numbers.budget import Budget, Ladder
from escalade.core.space.path import IntArray, Population
from escalade.core.space.space import Space

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """A space with a budget per scaling stage, and the weights pi of the stages' accuracies."""

    space: Space
    budgets: tuple[Budget, ...]
    weights: tuple[float, ...]

    @classmethod
    def of(
        cls,
        space: Space,
        *,
        budgets: Sequence[Budget],
        pi: Sequence[float] | None = None,
    ) -> Self:
        """Check and complete what a user gave.

        Args:
            space: with at least as many scaling stages as budgets; a space without scaling takes
                any number.
            budgets: a rising ladder; stage 0 is the base network's.
            pi: a weight per stage, stage 0 included; by default equal over stages 1 to M, the
                base not counting (equation 4), and over all stages in a space without scaling.
                Normalised to sum 1.

        Raises:
            ValueError: for budgets or weights that do not fit the space.
        """
        kind = Ladder(tuple(budgets)).kind
        scales = space.traits.scales
        if scales and len(budgets) > space.num_stages:
            raise ValueError(
                f"budgets: {len(budgets)} given, but space {space.name} has "
                f"{space.num_stages} scaling stages; give that many or fewer"
            )
        if kind == "latency" and space.latency is None:
            raise ValueError("budget_kind: latency needs a table; give a space with one")
        return cls(
            space=space,
            budgets=tuple(budgets),
            weights=_weights(pi, num_stages=len(budgets), base_counts=not scales),
        )

    @property
    def kind(self) -> str:
        return self.budgets[0].kind

    @property
    def scales(self) -> bool:
        """Whether members are one base, scaled; else each is a network of its own."""
        return self.space.traits.scales

    @property
    def num_stages(self) -> int:
        """Stages searched, the base included: M + 1."""
        return len(self.budgets)

    @property
    def scored_stages(self) -> tuple[int, ...]:
        """Stages whose accuracy counts."""
        return tuple(j for j, weight in enumerate(self.weights) if weight > 0)

    def strategies(self, stage: int) -> IntArray:
        """Strategies (n, 3) of a stage; the base's own for stage 0 and in spaces without others."""
        alone = stage == 0 or not self.scales
        return self.space.base_triple[None] if alone else self.space.strategies(stage)

    def costs(self, genomes: IntArray, strategies: IntArray) -> npt.NDArray[Any]:
        """Costs of every genome under every strategy: (genomes, strategies).

        Those of networks beyond the space's limits are infinite, so that no budget holds them.
        """
        n, m = len(genomes), len(strategies)
        pairs = Population(np.repeat(genomes, m, axis=0), np.tile(strategies, (n, 1)))
        return allowed_costs(self.space, pairs, self.kind).reshape(n, m)

    def feasible(self, genomes: IntArray, *, stage: int) -> BoolArray:
        """Which strategies of a stage put which base inside its budget: (genomes, strategies)."""
        return self.inside(genomes, strategies=self.strategies(stage), budget=self.budgets[stage])

    def inside(self, genomes: IntArray, *, strategies: IntArray, budget: Budget) -> BoolArray:
        """Which pairs are inside one budget, both bounds: (genomes, strategies)."""
        costs = self.costs(genomes, strategies)
        return np.asarray((costs >= budget.low) & (costs <= budget.high))

    def legal(self, genomes: IntArray) -> BoolArray:
        """Bases inside f_0 that some strategy of every other stage puts inside its budget."""
        fits = self.feasible(genomes, stage=0)[:, 0]
        for stage in range(1, self.num_stages):
            rows = np.flatnonzero(fits)
            fits[rows] = self.feasible(genomes[rows], stage=stage).any(axis=1)
        return fits

    def nearest(self, genomes: IntArray, *, stage: int, wanted: IntArray) -> IntArray:
        """The wanted strategy repaired to the budget, for every (legal) base: (genomes, 3).

        A strategy fixed for all bases, as in the paper, would rule out most of them when
        tolerances are tight. So a base runs the wanted strategy where that meets the stage's
        budget, else the feasible one nearest to it. Equation (4)'s constraint holds exactly.
        """
        strategies = self.strategies(stage)
        chosen, found = self.repair(
            genomes, strategies=strategies, budget=self.budgets[stage], wanted=wanted
        )
        assert found.all()
        return chosen

    def repair(
        self, genomes: IntArray, *, strategies: IntArray, budget: Budget, wanted: IntArray
    ) -> tuple[IntArray, BoolArray]:
        """Per genome: the feasible strategy nearest to the wanted one(s), and if there is any.

        Near is the distance of `coordinates`; ties go to the first strategy in the list.
        """
        inside = self.inside(genomes, strategies=strategies, budget=budget)
        apart = self.coordinates(np.atleast_2d(wanted))[:, None] - self.coordinates(strategies)
        distance = np.where(inside, np.linalg.norm(apart, axis=2), np.inf)
        chosen: IntArray = strategies[distance.argmin(axis=1)]
        return chosen, np.asarray(inside.any(axis=1))

    def coordinates(self, strategies: IntArray) -> npt.NDArray[np.float64]:
        """Log depth, 2 log width, 2 log resolution: ratios by what they do to the macs."""
        space = self.space
        d, w, r = strategies.T
        ratios = (
            np.log(np.array(space.ratios.depth))[d],
            2 * np.log(np.array(space.ratios.width))[w],
            2 * np.log(np.array(space.ratios.resolution))[r],
        )
        return np.stack(ratios, axis=1)


def allowed_costs(space: Space, population: Population, kind: str) -> npt.NDArray[Any]:
    """Costs of every path, infinite beyond the space's limits: (n,)."""
    costs = space.costs(population, kind)
    return np.where(space.allowed(population), costs, np.inf) if space.limits else costs


def _weights(
    pi: Sequence[float] | None, *, num_stages: int, base_counts: bool
) -> tuple[float, ...]:
    if pi is None:
        base = 1.0 if base_counts or num_stages == 1 else 0.0
        pi = [base] + [1.0] * (num_stages - 1)
    if len(pi) != num_stages or min(pi) < 0 or not 0 < sum(pi) < float("inf"):
        raise ValueError(
            f"pi: {list(pi)} is not {num_stages} non-negative weights, one per budget, "
            "with a positive sum"
        )
    return tuple(float(weight) / sum(pi) for weight in pi)
