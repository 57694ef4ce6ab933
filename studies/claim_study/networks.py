"""The networks that are compared, each at its budget in macs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from common import lab
from common.lab import Architecture, Budget, parts

FACTORS = (1.0, 2.0, 4.0)
GROWN = 8.0
RULES = ("dwr", "wr", "r", "dWr", "d", "w")
# Without --all the two rules that grow one dimension to no use stop at 4 f_0.
SHORT_RULES = ("d", "w")
SEARCHED_BASE_RULES = ("dwr", "dWr")
# The searched network is never the larger, and no pair is further apart than 1 %:
# 1.0029 / 0.993 = 1.00997.
SEARCHED_WINDOW = (0.993, 1.0)
HAND_WINDOW = (1.0, 1.0029)
WIDTHS, STRIDES = (16, 24, 48), (1, 2, 2)
DIVISORS = {"width_divisor": 4, "resolution_divisor": 1}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A network of an arm at factor times f_0."""

    arm: str
    factor: float
    architecture: Architecture


def hand_base(resolution: int) -> Architecture:
    """The hand-made base, fixed by the claim."""
    stages = []
    for width, stride in zip(WIDTHS, STRIDES, strict=True):
        blocks = (parts.Block(kernel=3, expansion=4.0, width=width, stride=s) for s in (stride, 1))
        stages.append(parts.Stage(blocks=tuple(blocks)))
    return Architecture(
        name="hand",
        resolution=resolution,
        in_channels=1,
        num_classes=10,
        stem=parts.Stem(width=16, kernel=3, stride=2),
        stages=tuple(stages),
        head=parts.Head(width=128),
    )


def base_budget(resolution: int) -> int:
    """f_0: the hand-made base's macs."""
    return lab.macs(hand_base(resolution))


def within(window: tuple[float, float], amount: float) -> Budget:
    """The budget whose two bounds are the window times an amount."""
    low, high = window
    return Budget((low + high) / 2 * amount, "macs", (high - low) / (high + low))


def searched_budgets(resolution: int) -> tuple[Budget, ...]:
    """What the search must meet at f_0, 2 f_0 and 4 f_0."""
    f_0 = base_budget(resolution)
    return tuple(within(SEARCHED_WINDOW, f_0 * factor) for factor in FACTORS)


@cache
def scaled(base: Architecture, *, name: str, factor: float, f_0: float) -> Architecture:
    """A base scaled by a rule: the point of the rule's curve at the budget, then rounded."""
    budget = within(HAND_WINDOW, f_0 * factor)
    scaling = lab.follow(
        base, curve=lambda j: lab.rule(name, 2.0**j), budget=budget, start=math.log2(factor)
    )
    return lab.meet_budget(base, scaling=scaling, budget=budget, **DIVISORS)


def hand_entries(resolution: int, *, everything: bool = False) -> list[Entry]:
    """The hand-made base under every rule."""
    base = hand_base(resolution)
    short = () if everything else SHORT_RULES
    return [Entry(arm="hand base", factor=1.0, architecture=base)] + [
        entry
        for name in RULES
        for entry in _by_rule(base, f"hand {name}", name, base_budget(resolution))
        if entry.factor < GROWN or name not in short
    ]


def searched_entries(
    found: Sequence[dict[str, Any]], *, arm: str, resolution: int, by_rules: bool
) -> list[Entry]:
    """A searched family, its grown member by every function, and its base under the rules.

    Args:
        found: the stages of search.json.
        arm: how the family is called.
        resolution: of the hand-made base, which sets the budgets.
        by_rules: also scale the searched base by hand.
    """
    f_0 = base_budget(resolution)
    family = [Architecture.from_json(stage["architecture"]) for stage in found]
    entries = [
        Entry(arm=arm, factor=factor, architecture=architecture)
        for factor, architecture in zip(FACTORS, family, strict=True)
    ]
    growth = lab.fit_growth(family, [f_0 * factor for factor in FACTORS])
    for form in (growth.form, *(name for name in growth.functions if name != growth.form)):
        try:
            member = lab.solve(
                family[0],
                growth=growth,
                budget=within(SEARCHED_WINDOW, f_0 * GROWN),
                stage=math.log2(GROWN),
                name="grown",
                form=form,
                **DIVISORS,
            )
        except ValueError:
            continue  # this function reaches no network at 8 f_0
        name = arm if form == growth.form else f"{arm}, grown by {form}"
        entries.append(Entry(arm=name, factor=GROWN, architecture=member.architecture))
    for name in SEARCHED_BASE_RULES if by_rules else ():
        entries += _by_rule(family[0], f"{arm} base {name}", name, f_0)
    return entries


def _by_rule(base: Architecture, arm: str, name: str, f_0: int) -> list[Entry]:
    """A base under a rule at every factor above 1."""
    return [
        Entry(arm=arm, factor=f, architecture=scaled(base, name=name, factor=f, f_0=f_0))
        for f in (*FACTORS[1:], GROWN)
    ]
