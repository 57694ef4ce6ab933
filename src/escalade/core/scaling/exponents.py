"""What scaling did to params and activations, as powers of what it did to macs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from escalade.core.network.architecture import Architecture
from escalade.core.network.layers import Conv
from escalade.core.network.parts import parts_of

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
        base: before scaling.
        scaled: after it.
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
