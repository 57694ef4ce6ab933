"""What scaling rules make of a base at a grown member's budget (Fast and Accurate Scaling).

At equal macs networks differ in activations, and so in runtime; the comparison shows what the
fitted growth gains or pays against a rule by hand. Nothing is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget
from escalade.core.scaling.hybrid import scale_to
from escalade.core.scaling.lattice import CostOf
from escalade.core.scaling.ratios import realised


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One rule's network at a budget; without one, `note` says why.

    `latency` are predicted seconds, None where no table is at hand.
    """

    rule: str
    base: Architecture
    architecture: Architecture | None = None
    gap: float | None = None
    latency: float | None = None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """One entry of `compared` in growth.json; `scaling` are the realised ratios."""
        found: dict[str, Any] = {"rule": self.rule, "note": self.note}
        arch = self.architecture
        if arch is None:
            return found
        counts = cost.of(arch)
        found |= {
            "scaling": realised(self.base, arch).to_json(),
            "resolution": arch.resolution,
            "macs": counts.macs,
            "params": counts.params,
            "activations": counts.activations,
            "gap": self.gap,
            "architecture": arch.to_json(),
        }
        return found if self.latency is None else found | {"latency": self.latency}


def compare(
    base: Architecture,
    *,
    rules: Sequence[str],
    budget: Budget,
    stage: float,
    latency_of: CostOf | None = None,
) -> list[Compared]:
    """The networks that rules make of a base for a budget, in the order of the rules.

    Args:
        base: the searched base network.
        rules: as `core.scaling.rules.parse` reads them.
        budget: the grown member's.
        stage: j = log2(f / f_0) of it.
        latency_of: predicts seconds; needed for latency budgets.
    """
    return [_compared(base, rule, budget, stage, latency_of) for rule in rules]


def _compared(
    base: Architecture, rule: str, budget: Budget, stage: float, latency_of: CostOf | None
) -> Compared:
    cost_of = latency_of if budget.kind == "latency" else None
    try:
        made = scale_to(base, rule=rule, budget=budget, stage=stage, name=rule, cost_of=cost_of)
    except ValueError as error:
        return Compared(rule=rule, base=base, note=" ".join(str(error).split()))
    return Compared(
        rule=rule,
        base=base,
        architecture=made.architecture,
        gap=made.gap,
        latency=None if latency_of is None else latency_of(made.architecture),
    )
