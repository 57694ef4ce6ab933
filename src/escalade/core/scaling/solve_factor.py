"""The factor at which a rule's rounded network is nearest to a target cost."""

from __future__ import annotations

import math
from dataclasses import dataclass

from escalade.core.network.architecture import Architecture
from escalade.core.network.cost import CostOf, counted
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.shown import amount
from escalade.core.scaling.rules import Rule, parse
from escalade.core.scaling.scale_by import scale, scaled_by

# Factors are doubled or halved this often to find the target, or until there is no network; the
# last octave is scanned. Shares of a tenth take many octaves from a base to its smallest network.
MOST_OCTAVES = 96
NUM_SCANNED = 240
# The scan goes this far beyond the octave, as groups make costs fall here and there.
MARGIN = 1.5
# Then the cells around the best factors are divided this often, into this many parts.
NUM_ZOOMS, NUM_PARTS, NUM_BEST = 3, 8, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """The nearest network, the factor that makes it, and what it costs."""

    factor: float
    architecture: Architecture
    cost: float


def solve_factor(
    architecture: Architecture,
    rule: str,
    target: float,
    kind: str = "macs",
    *,
    cost_of: CostOf | None = None,
    tolerance: float = 0.05,
) -> Solved:
    """The factor whose rounded network is nearest to a target.

    Costs are step functions of the factor, not always rising where groups are rounded: the target
    is bracketed, the bracket scanned, and the neighbourhood of the best factors scanned finer.

    Args:
        rule: as `core.scaling.rules.parse` reads it.
        target: what the network is to cost.
        kind: macs, params, activations or latency (seconds).
        cost_of: what is counted; needed for latency. Called about 350 times, never twice for
            equal networks.
        tolerance: relative distance from the target that is accepted.

    Raises:
        ValueError: if no factor meets the target, naming the nearest below and above.
    """
    budget = Budget(target, kind, tolerance)
    costs = _Costs(architecture, parse(rule), cost_of or counted(kind))
    low, high = _bracket(costs, target)
    costs.scan(low / MARGIN, high * MARGIN, NUM_SCANNED)
    for _ in range(NUM_ZOOMS):
        costs.zoom(target)
    best = costs.nearest(target)[0]
    if not budget.contains(costs.known[best]):
        raise ValueError(_unmet(costs, budget))
    factor = costs.shortest(best)
    made = scale(architecture, rule, factor)
    return Solved(factor=factor, architecture=made, cost=costs.known[best])


class _Costs:
    """Costs by factor, as far as they were asked for; factors that leave no network have none."""

    def __init__(self, base: Architecture, rule: Rule, cost_of: CostOf) -> None:
        self.base, self.rule = base, rule
        self._cost_of = cost_of
        self._measured: dict[Architecture, float] = {}
        self.known: dict[float, float] = {}
        self.at(1.0)

    def at(self, factor: float) -> float | None:
        try:
            network = scaled_by(self.base, self.rule, factor)
        except ValueError:
            return None
        if network not in self._measured:
            self._measured[network] = float(self._cost_of(network))
        self.known[factor] = self._measured[network]
        return self.known[factor]

    def scan(self, low: float, high: float, num: int) -> None:
        """`num` factors in equal ratios, ends included."""
        for i in range(num):
            self.at(low * (high / low) ** (i / (num - 1)))

    def zoom(self, target: float) -> None:
        """Scan the cells on both sides of the best factors."""
        factors = sorted(self.known)
        for best in self.nearest(target)[:NUM_BEST]:
            i = factors.index(best)
            around = factors[max(0, i - 1) : i + 2]
            self.scan(around[0], around[-1], 2 * NUM_PARTS + 1)

    def nearest(self, target: float) -> list[float]:
        """Factors by distance from the target, one for each cost, the smaller factor first."""
        order = sorted(self.known, key=lambda f: (abs(self.known[f] - target), f))
        return list({self.known[f]: f for f in reversed(order)}.values())[::-1]

    def shortest(self, factor: float) -> float:
        """The factor with the fewest digits that makes the same network."""
        network = scaled_by(self.base, self.rule, factor)
        for digits in range(1, 15):
            short = float(f"{factor:.{digits}g}")
            if self.at(short) is not None and scaled_by(self.base, self.rule, short) == network:
                return short
        return factor


def _bracket(costs: _Costs, target: float) -> tuple[float, float]:
    """The octave in which the cost crosses the target, or the last that has networks."""
    start = costs.known[1.0]
    if start == target:
        return 1.0, 1.0
    ratio = 2.0 if start < target else 0.5
    for octave in range(MOST_OCTAVES):
        before, factor = ratio**octave, ratio ** (octave + 1)
        found = costs.at(factor)
        if found is None or (found - target) * (start - target) <= 0:
            break
    return min(before, factor), max(before, factor)


def _unmet(costs: _Costs, budget: Budget) -> str:
    known = sorted((value, factor) for factor, value in costs.known.items())
    name = costs.base.name or "the architecture"
    if known[0][0] == known[-1][0]:
        return (
            f"target: rule {costs.rule.name} leaves {name} at {amount(known[0][0], budget.kind)} "
            f"{budget.kind} whatever the factor; use another rule or another kind"
        )
    below = [each for each in known if each[0] < budget.target][-1:]
    above = [each for each in known if each[0] > budget.target]
    # Of many factors with that cost, such as the smallest network's, the one nearest to 1.
    above = sorted(above, key=lambda each: (each[0], abs(math.log(each[1]))))[:1]
    sides = [
        f"{amount(value, budget.kind)} {side} (factor {costs.shortest(factor):g})"
        for found, side in ((below, "below"), (above, "above"))
        for value, factor in found
    ]
    missing = " and nothing above" if not above else " and nothing below" if not below else ""
    return (
        f"target: no factor of rule {costs.rule.name} brings {name} within "
        f"{budget.allowed}; nearest: "
        f"{' and '.join(sides)}{missing}"
    )
