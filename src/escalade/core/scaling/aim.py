"""What a network is enlarged to: a budget, within the pixels that the images have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from escalade.core.network.architecture import Architecture
from escalade.core.network.cost import CostOf, counted
from escalade.core.numbers.budget import Budget
from escalade.core.scaling.lattice import meet_budget
from escalade.core.scaling.ratios import DIMENSIONS, Scaling


@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """The target, and what sizes there are on the way to it.

    Attributes:
        budget: the target; the network meets it within the tolerance.
        most_side: pixels that the images have; no network reads more than that, or than the base.
        width_divisor, resolution_divisor: steps of widths and resolutions.
        cost_of: what the budget counts, for kinds that `core.network.cost` does not count.
    """

    budget: Budget
    most_side: int | None = None
    width_divisor: int = 8
    resolution_divisor: int = 4
    cost_of: CostOf | None = None

    @property
    def measure(self) -> CostOf:
        return self.cost_of or counted(self.budget.kind)

    def met(
        self, base: Architecture, scaling: Scaling, *, move: Sequence[str] = DIMENSIONS
    ) -> Architecture:
        """A scaled network, rounded so that it meets the budget (`lattice.meet_budget`).

        Raises:
            ValueError: if no rounding tried meets it.
        """
        return meet_budget(
            base,
            scaling=scaling,
            budget=self.budget,
            width_divisor=self.width_divisor,
            resolution_divisor=self.resolution_divisor,
            move=move,
            cost_of=self.cost_of,
        )
