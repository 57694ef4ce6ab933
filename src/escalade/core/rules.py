"""Scaling rules by hand (Fast and Accurate Model Scaling): what a factor does to each dimension."""

from __future__ import annotations

import re

from escalade.core.scaling import Scaling

# Shares of the compute that go to depth, width and resolution. dWr is alpha = 0.8.
NAMED = {
    "d": (1.0, 0.0, 0.0),
    "w": (0.0, 1.0, 0.0),
    "r": (0.0, 0.0, 1.0),
    "dw": (0.5, 0.5, 0.0),
    "dr": (0.5, 0.0, 0.5),
    "wr": (0.0, 0.5, 0.5),
    "dwr": (1 / 3, 1 / 3, 1 / 3),
    "dWr": (0.1, 0.8, 0.1),
}


def rule(name: str, factor: float) -> Scaling:
    """The ratios that a rule makes of a factor in macs, before rounding.

    With share e of the factor s a dimension grows by s^e (depth) or s^(e/2) (width, resolution),
    because macs are linear in depth and quadratic in the others (section 3).

    Args:
        name: `d w r dw dr wr dwr dWr`, or `alpha=0.8`: that share to width, the rest to depth and
            resolution alike.
        factor: how much the macs grow.

    Raises:
        ValueError: for an unknown rule or a factor that is not positive.
    """
    if not factor > 0:
        raise ValueError(f"factor: {factor} is not positive")
    depth, width, resolution = _shares(name)
    return Scaling(factor**depth, factor ** (width / 2), factor ** (resolution / 2))


def _shares(name: str) -> tuple[float, float, float]:
    if name in NAMED:
        return NAMED[name]
    match = re.fullmatch(r"alpha=(0(?:\.\d*)?|1(?:\.0*)?|\.\d+)", name)
    if match is None:
        raise ValueError(
            f"rule: {name!r} is not known; use {', '.join(NAMED)} or alpha=0.8 (between 0 and 1)"
        )
    alpha = float(match[1])
    return (1 - alpha) / 2, alpha, (1 - alpha) / 2
