"""The members' sizes in a run without budgets: those of a front, found or expected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from escalade.api.run_folder import RunFolder
from escalade.config import Config
from escalade.core.numbers.budget import Budget, format_amount
from escalade.core.numbers.seeds import generator
from escalade.core.space.population import Population
from escalade.core.space.space import Space
from escalade.core.space.space_summary import candidate_paths
from escalade.family.family import FamilyMember
from escalade.search import Constraint
from escalade.search.constraints import Screen
from escalade.search.objectives import SCORED, Measures

DEFAULT_MEMBERS = 3
NUM_PATHS = 20_000
# Where hardly a path meets the constraints, those nearest to that tell the sizes.
LEAST_PATHS = 20


def num_members(config: Config) -> int:
    """Members that are searched."""
    return len(config.budgets) or config.search.members or DEFAULT_MEMBERS


def found(config: Config, folder: RunFolder) -> Config:
    """The configuration with the searched members' own costs as budgets, where none were given.

    Raises:
        ValueError: if the run has none and was not searched yet.
    """
    if config.budgets:
        return config
    search = folder.read(folder.search, stage="search")
    return _sized(config, [float(stage["budget"]) for stage in search["stages"]])


def expected(config: Config, space: Space) -> Config:
    """The configuration with budgets that members may come to have, where none were given.

    A front reaches from the least to the most that the constraints leave, and its members are
    about equally far apart on it.
    """
    if config.budgets:
        return config
    costs, _ = allowed_costs(config, space)
    low, high = float(costs.min()), float(costs.max())
    num = num_members(config)
    return _sized(config, [(low + high) / 2] if num == 1 else np.linspace(low, high, num).tolist())


def allowed_costs(config: Config, space: Space) -> tuple[npt.NDArray[Any], float]:
    """Costs of drawn paths that meet the constraints on costs, and their share of those drawn."""
    paths = candidate_paths(space, generator(0, "feasible", 0), 0, num=NUM_PATHS)
    screen = Screen(constraints_of(config), measures=Measures(space), name=space.name)
    meets = screen.affordable(paths)
    kept: Population = paths[meets]
    if len(kept) < LEAST_PATHS:
        kept = paths[np.argsort(screen.excess(paths), kind="stable")[:LEAST_PATHS]]
    return space.costs(kept, config.budget_kind), float(meets.mean())


def constraints_of(config: Config) -> list[Constraint]:
    """The hard limits of a search."""
    return [Constraint.parse(text) for text in config.search.constraints]


def missed_limits(config: Config, member: FamilyMember) -> list[str]:
    """In words, the constraints on costs and the budget that a member does not keep.

    A slice may cost more than the network that the search counted, which keeps them all.
    """
    limits = [limit for limit in constraints_of(config) if limit.measure not in SCORED]
    found = [
        limit.text
        for limit in limits
        if not limit.met(np.array([getattr(member, limit.measure)], dtype=np.float64)).all()
    ]
    if config.budgets:
        budget = Budget(member.budget, config.budget_kind, config.tolerance)
        if not budget.contains(getattr(member, budget.kind)):
            amount = format_amount(budget.target, budget.kind)
            found.append(f"the budget of {amount} {budget.kind} within {budget.tolerance:.0%}")
    return found


def _sized(config: Config, costs: Sequence[float]) -> Config:
    budgets = sorted(set(costs))
    members = replace(config.search, members=len(budgets))
    return replace(config, budgets=budgets, search=members)
