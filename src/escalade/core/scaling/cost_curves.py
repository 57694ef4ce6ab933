"""What rules cost over a range of factors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.network.cost import Cost
from escalade.core.scaling.rules import parse
from escalade.core.scaling.scale_by import scaled_by


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCurve:
    """Costs of the networks that a rule makes of one base, as rounded, by rising factor."""

    rule: str
    factors: tuple[float, ...]
    costs: tuple[Cost, ...]


def cost_curve(architecture: Architecture, rule: str, factors: Iterable[float]) -> CostCurve:
    """Costs at each factor; factors that leave no network are left out.

    Raises:
        ValueError: for an unknown rule.
    """
    chosen = parse(rule)
    points = []
    for factor in sorted(factors):
        try:
            points.append((factor, cost.of(scaled_by(architecture, chosen, factor))))
        except ValueError:
            continue
    return CostCurve(
        rule=rule, factors=tuple(f for f, _ in points), costs=tuple(c for _, c in points)
    )


def factors_between(low: float, high: float, num: int) -> tuple[float, ...]:
    """`num` factors in equal ratios, ends included."""
    return tuple(low * (high / low) ** (i / (num - 1)) for i in range(num))
