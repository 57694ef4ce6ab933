"""The sizes of a run's members before any is known: given, or expected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from escalade.core.numbers.budget import Budget, Ladder
from escalade.core.numbers.seeds import generator
from escalade.core.space.space import Space
from escalade.core.space.space_summary import candidate_paths
from escalade.planning.resolved_run import Run

# Paths drawn to tell the macs behind a budget of another kind, and how many of them tell it.
NUM_PATHS, NUM_NEAREST = 4096, 64


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSizes:
    """Budgets of the members that are searched, and of those that grow beyond them."""

    searched: tuple[Budget, ...]
    beyond: tuple[Budget, ...]

    @property
    def all(self) -> tuple[Budget, ...]:
        return (*self.searched, *self.beyond)

    @property
    def ratios(self) -> list[float]:
        """Of all budgets to the smallest."""
        return [budget.target / self.searched[0].target for budget in self.all]


def sizes_of(run: Run) -> MemberSizes:
    """The sizes of a run's members; of a front without budgets, those expected."""
    ladder = Ladder(run.method.expected(run.task))
    num = run.method.num_searched(len(ladder.budgets))
    growing = run.method.growing(
        run.space.traits, num_searched=num, function=run.config.grow.function
    )
    grown = run.grown(ladder) if growing.grows else ()
    return MemberSizes(searched=ladder.budgets[:num], beyond=(*ladder.budgets[num:], *grown))


def member_macs(run: Run, sizes: MemberSizes) -> list[float]:
    if run.config.budget_kind == "macs":
        return [budget.target for budget in sizes.all]
    follows = run.method.follows_stages(run.space.traits)
    macs = [
        _macs_at(budget, run.space, stage if follows else 0)
        for stage, budget in enumerate(sizes.searched)
    ]
    ratio = macs[-1] / macs[-2] if len(macs) > 1 else 2.0
    while len(macs) < len(sizes.all):
        macs.append(macs[-1] * ratio)
    return macs


def _macs_at(budget: Budget, space: Space, stage: int) -> float:
    """Mean macs of those of a stage's paths that are nearest to its budget."""
    rng = generator(0, "macs", stage)
    drawn = candidate_paths(space, rng, stage, num=NUM_PATHS)
    gaps = np.abs(np.log(space.costs(drawn, budget.kind) / budget.target))
    nearest = np.argsort(gaps, kind="stable")[:NUM_NEAREST]
    return float(space.costs(drawn[nearest]).mean())
