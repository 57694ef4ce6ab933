"""Whether a network that no search drew keeps the limits of the search."""

from __future__ import annotations

import math

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import COUNTED
from escalade.core.numbers.shown import amount
from escalade.planning.resolved_run import Run


def missed_limits(run: Run, network: Architecture) -> list[str]:
    """Limits on costs that a network does not keep, in words."""
    table, counts = run.space.latency, cost.of(network)
    costs: dict[str, float] = {kind: float(getattr(counts, kind)) for kind in COUNTED}
    costs["latency"] = math.nan if table is None else table.of(network)
    missed = [
        f"the limit of {amount(limit, kind)} {kind}"
        for kind, limit in run.config.limits.items()
        if costs[kind] > limit
    ]
    return missed + run.method.missed_limits(run.config.search, costs)
