"""Architectures by what was done to them: `efficientnet_b0:dWr:11`, `efficientnet_b0:dwr:4G`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from escalade.core.network.architecture import Architecture
from escalade.core.numbers.shown import parse_amount
from escalade.core.scaling.scale_by import scale
from escalade.core.scaling.solve_factor import solve_factor
from escalade.core.values.invalid import within
from escalade.spaces import known

Solve = Callable[[Architecture, str, float], Architecture]


def load(text: str, *, kind: str = "macs", solve: Solve | None = None) -> Architecture:
    """A known name, an architecture file, a member's folder, or `BASE:RULE:FACTOR` of any.

    The base may be scaled itself: `BASE:RULE:FACTOR:RULE:FACTOR`. An amount with its unit instead
    of the factor, like 4G, is a target.

    Args:
        text: what is named.
        kind: what targets count.
        solve: the network of a base and a rule for a target; counted kinds need none.

    Raises:
        ValueError: for an unknown name, rule or factor, a damaged file, or a target that no factor
            meets.
    """
    parts = text.rsplit(":", 2)
    if len(parts) != 3 or Path(text).exists():
        return known.load(text)
    base, rule, amount = load(parts[0], kind=kind, solve=solve), parts[1], parts[2]
    if amount[-1:].isalpha() and amount.lower() not in ("nan", "inf"):
        with within(text):
            target = parse_amount(amount, kind=kind, kind_flag="--kind")
        if solve is not None:
            return solve(base, rule, target)
        return solve_factor(base, rule, target, kind).architecture
    return scale(base, rule, read_factor(amount))


def base_of(text: str) -> Architecture | None:
    """What `BASE:RULE:FACTOR` was scaled from, itself a base of none; None of other networks.

    Raises:
        ValueError: as for `load`.
    """
    parts = text.rsplit(":", 2)
    return None if len(parts) != 3 or Path(text).exists() else load(parts[0])


def read_factor(text: str) -> float:
    """A factor as a user writes it.

    Raises:
        ValueError: if it is no number; `scale` checks that it is positive.
    """
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"factor: {text!r} is not a number; write it like 4 or 0.5") from None
