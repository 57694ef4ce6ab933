"""The networks that are compared, each at its budget in macs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from claim_test.setting import (
    FACTORS,
    GROWN,
    HAND_WINDOW,
    RULES,
    SEARCHED_BASE_RULES,
    SEARCHED_WINDOW,
    SHORT_RULES,
)
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.network.block import Block, Head, Stage, Stem
from escalade.core.numbers.budget import Budget, Ladder
from escalade.core.scaling.extrapolation import Growth, fit
from escalade.core.scaling.grown_members import follow, solve
from escalade.core.scaling.lattice import meet_budget
from escalade.core.scaling.ratios import realised
from escalade.core.scaling.rules import rule

WIDTHS, STRIDES = (16, 24, 48), (1, 2, 2)
WIDTH_DIVISOR, RESOLUTION_DIVISOR = 4, 1


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A network of an arm at factor times f_0."""

    arm: str
    factor: float
    architecture: Architecture


def hand_base(resolution: int) -> Architecture:
    """The hand-made base, fixed by the claim."""
    stages = tuple(
        Stage(
            blocks=tuple(
                Block(kernel=3, expansion=4.0, width=width, stride=stride if k == 0 else 1)
                for k in range(2)
            )
        )
        for width, stride in zip(WIDTHS, STRIDES, strict=True)
    )
    return Architecture(
        name="hand",
        resolution=resolution,
        in_channels=1,
        num_classes=10,
        stem=Stem(width=16, kernel=3, stride=2),
        stages=stages,
        head=Head(width=128),
    )


def base_budget(resolution: int) -> int:
    """f_0: the hand-made base's macs."""
    return cost.of(hand_base(resolution)).macs


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
    scaling = follow(
        base, curve=lambda j: rule(name, 2.0**j), budget=budget, start=math.log2(factor)
    )
    return meet_budget(
        base,
        scaling=scaling,
        budget=budget,
        width_divisor=WIDTH_DIVISOR,
        resolution_divisor=RESOLUTION_DIVISOR,
    )


def hand_entries(resolution: int, *, everything: bool = False) -> list[Entry]:
    """The hand-made base under every rule."""
    base, f_0 = hand_base(resolution), base_budget(resolution)
    entries = [Entry(arm="hand base", factor=1.0, architecture=base)]
    for name in RULES:
        for factor in (*FACTORS[1:], GROWN):
            if factor == GROWN and name in SHORT_RULES and not everything:
                continue
            made = scaled(base, name=name, factor=factor, f_0=f_0)
            entries.append(Entry(arm=f"hand {name}", factor=factor, architecture=made))
    return entries


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
    growth = fitted(family, f_0=f_0)
    for form in (growth.form, *(name for name in growth.functions if name != growth.form)):
        try:
            made = grown(family[0], growth=growth, form=form, f_0=f_0)
        except ValueError:
            continue  # this function reaches no network at 8 f_0
        name = arm if form == growth.form else f"{arm}, grown by {form}"
        entries.append(Entry(arm=name, factor=GROWN, architecture=made))
    if by_rules:
        for name in SEARCHED_BASE_RULES:
            for factor in (*FACTORS[1:], GROWN):
                made = scaled(family[0], name=name, factor=factor, f_0=f_0)
                entries.append(Entry(arm=f"{arm} base {name}", factor=factor, architecture=made))
    return entries


def fitted(family: Sequence[Architecture], *, f_0: float) -> Growth:
    """The growth functions through the searched strategies as realised."""
    ladder = Ladder(tuple(Budget(f_0 * factor, "macs") for factor in FACTORS))
    return fit(
        [ladder.stage(budget.target) for budget in ladder.budgets],
        scalings=[realised(family[0], member) for member in family],
    )


def grown(base: Architecture, *, growth: Growth, form: str, f_0: float) -> Architecture:
    """The member at 8 f_0 that a growth function makes."""
    member = solve(
        base,
        growth=growth,
        budget=within(SEARCHED_WINDOW, f_0 * GROWN),
        stage=math.log2(GROWN),
        name="grown",
        form=form,
        width_divisor=WIDTH_DIVISOR,
        resolution_divisor=RESOLUTION_DIVISOR,
    )
    return member.architecture
