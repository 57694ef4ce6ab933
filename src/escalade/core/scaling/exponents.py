"""What scaling does to costs: over a range of factors, and as powers of what it does to macs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.network.cost import Cost
from escalade.core.network.layers import Conv
from escalade.core.network.parts import parts_of
from escalade.core.scaling.rules import parse
from escalade.core.scaling.scale_by import scaled_by

Counts = tuple[float, float, float]
"""Macs, params and activations."""


@dataclass(frozen=True, slots=True)
class Exponents:
    """How a network grew: its macs by a factor, params and activations by powers of that.

    Fast and Accurate Model Scaling, Tables 1 to 4.
    """

    factor: float
    params: float
    activations: float


def exponents(
    base: Architecture, scaled: Architecture, *, grouped: bool = False
) -> Exponents | None:
    """The exponents of a network against its base.

    Args:
        grouped: count grouped convolutions alone (Table 3); depthwise ones are none.

    Returns:
        None where macs are as they were, or nothing is counted.
    """
    before, after = _counts(base, grouped=grouped), _counts(scaled, grouped=grouped)
    if not min(*before, *after) or before[0] == after[0]:
        return None
    factor = after[0] / before[0]
    params, activations = (
        math.log(late / early, factor) for early, late in zip(before[1:], after[1:], strict=True)
    )
    return Exponents(factor, params, activations)


def _counts(network: Architecture, *, grouped: bool) -> Counts:
    """Sums over layers; of grouped convolutions the weights, as equation (3) counts them."""
    counted = [pair for _, part in parts_of(network) for pair in part.counted]
    if not grouped:
        return (
            sum(layer.macs(side) for layer, side in counted),
            sum(layer.params(side) for layer, side in counted),
            sum(layer.activations(side) for layer, side in counted),
        )
    convs = [
        (layer, side)
        for layer, side in counted
        if isinstance(layer, Conv) and layer.group_width not in (None, 1)
    ]
    return (
        sum(conv.macs(side) for conv, side in convs),
        sum(conv.weights for conv, _ in convs),
        sum(conv.activations(side) for conv, side in convs),
    )


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
