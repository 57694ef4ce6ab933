"""The sizes that members of a front may come to have, where nobody gives budgets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from escalade.core.numbers.seeds import generator
from escalade.core.space.path import Population
from escalade.core.space.space import Space
from escalade.core.space.space_summary import candidate_paths
from escalade.search.front.constraints import Constraint, Screen

NUM_PATHS = 20_000
# Where hardly a path meets the constraints, those nearest to that tell the sizes.
LEAST_PATHS = 20


def expected_costs(
    space: Space, constraints: Sequence[Constraint], *, kind: str, num: int
) -> list[float]:
    """Costs of so many members, distinct and rising.

    A front reaches from the least to the most that the constraints leave, and its members are
    about equally far apart on it.
    """
    costs, _ = allowed_costs(space, constraints, kind=kind)
    low, high = float(costs.min()), float(costs.max())
    if num == 1:
        return [(low + high) / 2]
    return sorted({float(cost) for cost in np.linspace(low, high, num)})


def allowed_costs(
    space: Space, constraints: Sequence[Constraint], *, kind: str
) -> tuple[npt.NDArray[Any], float]:
    """Costs of drawn paths that meet the constraints on costs, and their share of those drawn."""
    paths = candidate_paths(space, generator(0, "feasible", 0), 0, num=NUM_PATHS)
    screen = Screen(constraints, space=space)
    meets = screen.affordable(paths)
    kept: Population = paths[meets]
    if len(kept) < LEAST_PATHS:
        kept = paths[np.argsort(screen.excess(paths), kind="stable")[:LEAST_PATHS]]
    return space.costs(kept, kind), float(meets.mean())
