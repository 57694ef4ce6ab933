"""What scaling rules make of a base at a grown member's budget (Fast and Accurate Scaling).

At equal macs networks differ in activations, and so in runtime; the comparison shows what the
fitted growth gains or pays against a rule by hand. Nothing is trained.
"""

from __future__ import annotations

from collections.abc import Sequence

from escalade.artefacts.grown import ComparedRule
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget
from escalade.core.scaling.hybrid import scale_to
from escalade.core.scaling.lattice import CostOf
from escalade.core.scaling.ratios import realised


def compare(
    base: Architecture,
    *,
    rules: Sequence[str],
    budget: Budget,
    stage: float,
    latency_of: CostOf | None = None,
) -> tuple[ComparedRule, ...]:
    """The networks that rules make of a base for a budget, in the order of the rules.

    Args:
        base: the searched base network.
        rules: as `core.scaling.rules.parse` reads them.
        budget: the grown member's.
        stage: j = log2(f / f_0) of it.
        latency_of: predicts seconds; needed for latency budgets.
    """
    return tuple(_compared(base, rule, budget, stage, latency_of) for rule in rules)


def _compared(
    base: Architecture, rule: str, budget: Budget, stage: float, latency_of: CostOf | None
) -> ComparedRule:
    cost_of = latency_of if budget.kind == "latency" else None
    try:
        made = scale_to(base, rule=rule, budget=budget, stage=stage, name=rule, cost_of=cost_of)
    except ValueError as error:
        return ComparedRule(rule=rule, note=" ".join(str(error).split()))
    network = made.architecture
    counts = cost.of(network)
    return ComparedRule(
        rule=rule,
        note="",
        scaling=realised(base, network),
        resolution=network.resolution,
        macs=counts.macs,
        params=counts.params,
        activations=counts.activations,
        gap=made.gap,
        architecture=network,
        latency=None if latency_of is None else latency_of(network),
    )
