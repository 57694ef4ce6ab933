"""Which named space a ladder of budgets calls for."""

from __future__ import annotations

import math

from escalade.core.numbers.budget import Ladder
from escalade.core.numbers.seeds import generator
from escalade.core.space.path import Population
from escalade.core.space.space import Space
from escalade.spaces.load import load

CANDIDATES = ("small", "medium", "scalenet_half", "scalenet")
NUM_GENOMES = 2000


def space_for(name: str | None, ladder: Ladder) -> Space:
    """The space of that name for this ladder; without a name, the nearest to its base budget.

    Raises:
        ValueError: if the base budget is outside the space, with the feasible range; or if none
            is named for latencies, which are not known before they are measured.
    """
    if name is not None:
        return load(name, factors=ladder.factors, kind=ladder.kind)
    if ladder.kind == "latency":
        raise ValueError(f"space: name one for latency budgets; known are {', '.join(CANDIDATES)}")
    spaces = [load(candidate, factors=ladder.factors[:1]) for candidate in CANDIDATES]
    base = ladder.budgets[0]
    distances = []
    for space in spaces:
        costs = base_costs(space, base.kind)
        distances.append(abs(math.log(float(costs[1]) / base.target)))
    nearest = CANDIDATES[distances.index(min(distances))]
    return load(nearest, factors=ladder.factors, kind=ladder.kind)


def base_costs(space: Space, kind: str) -> tuple[float, float, float]:
    """Least, geometric mean and largest cost among sampled base networks."""
    genomes = space.sample_genomes(generator(0, "choose"), NUM_GENOMES)
    rows = space.base_triple[None].repeat(NUM_GENOMES, axis=0)
    costs = space.costs(Population(genomes, rows), kind).astype(float)
    logs = [math.log(cost) for cost in costs]
    return float(costs.min()), math.exp(sum(logs) / len(logs)), float(costs.max())
