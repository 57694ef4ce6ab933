"""Scaling rules (Fast and Accurate Model Scaling): what a factor does to each dimension."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from escalade.core.scaling.ratios import Scaling
from escalade.core.values.invalid import Invalid, closest

# EfficientNet's ratios of depth, width and resolution for each step of its rule (section 3.3 there)
COMPOUND = (1.2, 1.1, 1.15)
_STEP = math.log(COMPOUND[0] * COMPOUND[1] ** 2 * COMPOUND[2] ** 2)

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
    "compound": (
        math.log(COMPOUND[0]) / _STEP,
        2 * math.log(COMPOUND[1]) / _STEP,
        2 * math.log(COMPOUND[2]) / _STEP,
    ),
}
_FORMS = f"{', '.join(NAMED)}, alpha=0.8 (0 to 1) or weights like d1_w8_g8_r1"


@dataclass(frozen=True, slots=True)
class Rule:
    """How a factor s in macs is shared out (sections 3.3 to 3.5 and 5).

    A dimension with share e grows by s^e (depth) or s^(e/2) (width, group width, resolution),
    because macs are linear in depth and quadratic in the others. The shares of depth, width and
    resolution add up to 1; that of the group width does not count there, as a group width that
    grows with the width keeps a grouped convolution's macs quadratic in the width (Table 3).
    """

    name: str
    depth: float
    width: float
    resolution: float
    group_width: float

    def scaling(self, factor: float) -> Scaling:
        """The ratios before rounding.

        Raises:
            ValueError: for a factor that is not a positive number.
        """
        if not 0 < factor < math.inf:
            raise ValueError(f"factor: {factor} is not a positive number")
        return Scaling(
            factor**self.depth, factor ** (self.width / 2), factor ** (self.resolution / 2)
        )

    def group_ratio(self, factor: float) -> float:
        """The ratio of the group width before rounding.

        Raises:
            ValueError: if no number is as large.
        """
        try:
            return float(factor ** (self.group_width / 2))
        except OverflowError:
            raise ValueError(f"factor: {factor:.6g} is too large for rule {self.name}") from None


def rule(name: str, factor: float) -> Scaling:
    """The ratios that a rule makes of a factor in macs, before rounding.

    Args:
        name: as `parse` reads it.
        factor: how much the macs grow.

    Raises:
        ValueError: for an unknown rule or a factor that is not a positive number.
    """
    return parse(name).scaling(factor)


def parse(name: str) -> Rule:
    """Read a rule.

    - `d w r dw dr wr dwr`: the named dimensions share the compute evenly (Tables 1 and 2).
    - `dWr`: fast compound scaling, `alpha=0.8`.
    - `alpha=0.8`, `alpha=1/3`: that share to width, the rest to depth and resolution alike (eq. 4).
    - `compound`: EfficientNet's own ratios, 1.2, 1.1 and 1.15 a step.
    - `d1_w8_g8_r1`: relative weights. A dimension that is not named stays. `g1` alone scales the
      group width by the whole factor (Table 3).

    The group width goes with the width except where weights are given.

    Raises:
        ValueError: naming what is wrong and the nearest known rule.
    """
    if name in NAMED:
        depth, width, resolution = NAMED[name]
        return Rule(name, depth, width, resolution, group_width=width)
    if name.startswith("alpha="):
        return _by_alpha(name)
    if "_" in name or re.search(r"\d", name):
        return _by_weights(name)
    raise _unknown(name, "is not known")


def _by_alpha(name: str) -> Rule:
    try:
        alpha = Fraction(name.removeprefix("alpha="))
    except (ValueError, ZeroDivisionError):
        raise _unknown(name, "has no number") from None
    if not 0 <= alpha <= 1:
        raise _unknown(name, "is outside 0 to 1")
    rest = float((1 - alpha) / 2)
    return Rule(name, rest, float(alpha), rest, group_width=float(alpha))


def _by_weights(name: str) -> Rule:
    weights = dict.fromkeys("dwgr", 0.0)
    seen = set()
    for part in name.split("_"):
        match = re.fullmatch(r"([dwgr])(\d+(?:\.\d+)?)", part)
        if match is None:
            raise _unknown(name, f"has {part!r}, which is not a weight of d, w, g or r")
        if match[1] in seen:
            raise _unknown(name, f"has two weights of {match[1]}")
        seen.add(match[1])
        weights[match[1]] = float(match[2])
    depth, width, group_width, resolution = weights.values()
    total = depth + width + resolution or group_width / 2
    if total == 0:
        raise _unknown(name, "has no weight above 0")
    return Rule(name, depth / total, width / total, resolution / total, group_width / total)


def _unknown(name: str, what: str) -> Invalid:
    same = [known for known in NAMED if sorted(known.lower()) == sorted(name.lower())]
    close = closest(name, same or NAMED) or next(iter(same), None)
    hint = f"did you mean {close}? " if close else ""
    return Invalid(f"{name!r} {what}", path=("rule",), remedy=f"{hint}use {_FORMS}")
