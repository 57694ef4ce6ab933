"""The record of a multi-objective search: fronts, hypervolumes, identity ratios, rejections."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from escalade.artefacts.fronts import FrontGeneration, FrontNetwork
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.shown import amount
from escalade.core.space.path import IntArray
from escalade.core.values.invalid import Invalid, Step
from escalade.search.front.candidates import ScoredGenomes
from escalade.search.front.objectives import Box, Objective
from escalade.search.front.pareto import extended, hypervolume, non_dominated


class History:
    """Generations in order, and every network that was on a front of theirs.

    Args:
        objectives: of the pools' points.
        box: that hypervolumes are shares of.
        ends: positions of the error and of the budgets' cost among the objectives.
        budgets: each of whose best network is kept over all pools.
        identity_choices: choices that count in the identity ratio; None for no ratio.
    """

    def __init__(
        self,
        objectives: Sequence[Objective],
        *,
        box: Box,
        ends: tuple[int, int],
        budgets: Sequence[Budget] = (),
        identity_choices: Collection[int] | None,
    ) -> None:
        self._objectives, self._box = objectives, box
        self._identities = None if identity_choices is None else list(identity_choices)
        self._ends = ends
        self._archive: ScoredGenomes | None = None
        self._seen: set[bytes] = set()
        self._inside = [_Inside(budget) for budget in budgets]
        self._index: dict[bytes, int] = {}
        self._rejected: dict[str, int] = {}
        self.networks: list[FrontNetwork] = []
        self.generations: list[FrontGeneration] = []

    def add(
        self,
        pool: ScoredGenomes,
        *,
        survivors: ScoredGenomes,
        front: IntArray,
        evaluated: int,
        rejected: dict[str, int],
    ) -> None:
        """Record a generation: the networks it had, who survived, and which of them are the front.

        `evaluated` and `rejected` count from the start of the search.
        """
        self._extend_archive(pool)
        for inside in self._inside:
            inside.add(pool, ends=self._ends)
        first = survivors[front]
        shares = self._box.share(first.points)
        self.generations.append(
            FrontGeneration(
                generation=len(self.generations) + 1,
                hypervolume=hypervolume(shares, reference=np.ones(shares.shape[1])),
                identity_ratio=self._identity_ratio(survivors.genomes),
                evaluated=evaluated,
                rejected={
                    name: count - self._rejected.get(name, 0) for name, count in rejected.items()
                },
                front=tuple(self._place(first, row) for row in np.argsort(first.points[:, 0])),
            )
        )
        self._rejected = dict(rejected)

    def final(self) -> list[int]:
        """Indices of the networks that no other network of any pool dominates, rising in the first
        objective.
        """
        assert self._archive is not None
        order = np.argsort(self._archive.points[:, 0], kind="stable")
        return [self._place(self._archive, row) for row in order]

    def inside(self) -> list[int]:
        """Index of each budget's most accurate network.

        It is on the final front, unless a cheaper network outside the budget is more accurate.

        Raises:
            Invalid: for a budget that no network met, with the nearest.
        """
        return [
            self._place(inside.best(("budgets", i)), 0) for i, inside in enumerate(self._inside)
        ]

    def _extend_archive(self, pool: ScoredGenomes) -> None:
        """Keep what no other network of all pools dominates."""
        names = [genome.tobytes() for genome in pool.genomes]
        new = pool[np.array([name not in self._seen for name in names])]
        self._seen.update(names)
        if self._archive is None:
            self._archive = new[non_dominated(new.points)]
        else:
            joined = self._archive.joined(new)
            self._archive = joined[extended(self._archive.points, by=new.points)]

    def _identity_ratio(self, genomes: IntArray) -> float | None:
        if self._identities is None:
            return None
        return float(np.isin(genomes, self._identities).mean())

    def _place(self, pool: ScoredGenomes, row: int) -> int:
        """The network's index, a new one if it has none yet."""
        genome = pool.genomes[row]
        index = self._index.setdefault(genome.tobytes(), len(self.networks))
        if index == len(self.networks):
            point = zip(self._objectives, pool.points[row].tolist(), strict=True)
            self.networks.append(
                FrontNetwork(
                    genome=tuple(genome.tolist()),
                    score=float(pool.scores[row]),
                    values=tuple(-v if objective.maximised else v for objective, v in point),
                )
            )
        return index


class _Inside:
    """The most accurate network within a budget so far; of equal ones, the best in the others."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._best: ScoredGenomes | None = None
        self._nearest = float("nan")

    def add(self, pool: ScoredGenomes, *, ends: Sequence[int]) -> None:
        """Look at networks, whose errors and costs are at two positions of their points."""
        error, cost = ends
        costs, budget = pool.points[:, cost], self._budget
        everyone = np.append(costs, self._nearest)
        self._nearest = float(everyone[np.nanargmin(np.abs(everyone - budget.target))])
        found = pool[(costs >= budget.low) & (costs <= budget.high)]
        if self._best is not None:
            found = self._best.joined(found)
        if len(found):
            others = [column for i, column in enumerate(found.points.T) if i not in ends]
            columns = [found.points[:, error], found.points[:, cost], *others]
            self._best = found[np.lexsort(columns[::-1])[:1]]

    def best(self, path: tuple[Step, ...]) -> ScoredGenomes:
        """The network, alone in a pool."""
        if self._best is not None:
            return self._best
        budget = self._budget
        raise Invalid(
            "no network that was scored and meets the constraints is within "
            f"{budget.allowed}; the nearest has {amount(self._nearest, budget.kind)}",
            path=path,
            remedy="allow a larger tolerance, move the budget, or search with more generations or "
            "a larger population",
        )
