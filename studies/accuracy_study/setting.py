"""What one run of the study is, and the networks it compares."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from accuracy_study.bases import BASES
from common.setting import recipe
from escalade.config.recipe import Recipe
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget
from escalade.core.scaling.hybrid import scale_to
from runtime_study.setting import BASE, Scaled

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
class Setting:
    """All of these change the results, so a folder holds one setting only.

    Attributes:
        epochs: of every network that is judged, over the 30,000 training images.
        short_epochs: of the random networks among which a search chooses.
        num_models: random networks of a search.
        learning_rate: of every training.
        steps: instead of epochs, and `limit` images of each split, for a smoke test.
    """

    epochs: float = 3.0
    short_epochs: float = 1.0
    num_models: int = 8
    learning_rate: float = 0.6
    steps: int | None = None
    limit: int | None = None

    @property
    def judged(self) -> Recipe:
        return self._recipe(self.epochs)

    @property
    def short(self) -> Recipe:
        return self._recipe(self.short_epochs)

    def _recipe(self, epochs: float) -> Recipe:
        return recipe(
            epochs=epochs, steps=self.steps, learning_rate=self.learning_rate, limit=self.limit
        )


def networks(
    factors: Sequence[float], *, bases: Iterable[str] = BASES, rules: Sequence[str] = RULES
) -> list[Scaled]:
    """The bases, and what the rules make of them at every factor, within the tolerance."""
    made: list[Scaled] = []
    for name in bases:
        base = BASES[name]
        made.append(Scaled(base=name, rule=BASE, factor=1.0, architecture=base()))
        for factor in factors:
            for rule in rules:
                architecture = scaled(base(), rule=rule, target=budget(name, factor).target)
                made.append(Scaled(base=name, rule=rule, factor=factor, architecture=architecture))
    return made


def budget(base: str, factor: float) -> Budget:
    """A factor times a base's macs."""
    return Budget(factor * cost.of(BASES[base]()).macs, "macs", TOLERANCE)


@cache
def scaled(base: Architecture, *, rule: str, target: float) -> Architecture:
    """A base scaled by a rule to a target in macs.

    Raises:
        ValueError: if no rounding of the rule comes near enough.
    """
    stage = math.log2(target / cost.of(base).macs)
    to = Budget(target, "macs", TOLERANCE)
    return scale_to(base, rule=rule, budget=to, stage=stage).architecture
