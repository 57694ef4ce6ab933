"""What one run of the study is, and the networks it compares."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import ClassVar

from accuracy_study.bases import BASES
from common import lab
from common.command import Lengths, flag
from common.lab import Architecture, Budget
from common.times import BASE, Scaled

# The rules of Figs. 4 to 7, each once: the family of alpha from all to width to none, then others.
ALPHA = {"w": 1.0, "dWr": 0.8, "alpha=0.5": 0.5, "dwr": 1 / 3, "dr": 0.0}
RULES = (*ALPHA, "wr", "d", "r")
FAST = "dWr"
MAIN = 4.0
# Below 4, rounding makes several rules one network in so small bases.
FACTORS = (MAIN, 8.0)
# Compared networks are this near to their budget; a doubling of macs is worth about a point.
TOLERANCE = 0.02


@dataclass(frozen=True, kw_only=True)
class Setting(Lengths):
    """One run; all of these change the results, so a folder holds one setting only."""

    epochs: float = flag(3.0, "of every network that is judged")
    short_epochs: float = flag(1.0, "of the random networks among which a search chooses")
    num_models: int = flag(8, "random networks of a search")
    learning_rate: float = flag(0.6, "of every training")
    recalibration_images: ClassVar[int] = 1024


def networks(
    factors: Sequence[float], *, bases: Iterable[str] = BASES, rules: Sequence[str] = RULES
) -> list[Scaled]:
    """The bases, and what the rules make of them at every factor, within the tolerance."""
    made: list[Scaled] = []
    for name in bases:
        base = BASES[name]()
        made.append(Scaled(base=name, rule=BASE, factor=1.0, architecture=base))
        for factor in factors:
            target = budget(name, factor).target
            for rule in rules:
                architecture = scaled(base, rule=rule, target=target)
                made.append(Scaled(base=name, rule=rule, factor=factor, architecture=architecture))
    return made


def budget(base: str, factor: float) -> Budget:
    """A factor times a base's macs."""
    return Budget(factor * lab.macs(BASES[base]()), "macs", TOLERANCE)


@cache
def scaled(base: Architecture, *, rule: str, target: float) -> Architecture:
    """A base scaled by a rule to a target in macs.

    Raises:
        ValueError: if no rounding of the rule comes near enough.
    """
    stage = math.log2(target / lab.macs(base))
    to = Budget(target, "macs", TOLERANCE)
    return lab.scale_to(base, rule=rule, budget=to, stage=stage).architecture
