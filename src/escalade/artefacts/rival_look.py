"""rival.json: the base by hand that members are held against, and the rule that scales it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from escalade.core.network.architecture import Architecture
from escalade.core.space.plain_network import PLAIN
from escalade.core.values.codec import ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedAt:
    """What a rule makes of a base at the look's budget, and what it reached there.

    Attributes:
        base: its name in the space.
        rule: such as dWr.
        macs: of its network; None where it makes none that meets the budget.
        num_steps: of its training; 0 where there was nothing to choose.
        num_correct, num_images: on the search images; None where nothing was trained.
        note: why there is no network.
    """

    base: str = field(default=PLAIN, metadata=ABSENT)
    rule: str
    macs: int | None = None
    num_steps: int = 0
    num_correct: float | None = None
    num_images: int | None = None
    note: str = field(default="", metadata=ABSENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class RivalLook:
    """A short look at bases and rules, before any member is trained.

    Attributes:
        name: of the base that was chosen, in the space.
        bases: what was tried at the smallest budget, where there are several.
        base: the network.
        is_named: whether the space's file names it; else it is derived.
        member: whose budget the rules were tried at.
        rules: what was tried of this base.
        ranked: rules by what they reached, the best first; networks are made by the first that
            meets their budget. Where it is empty there are none.
    """

    FILE: ClassVar[str] = "rival.json"
    STAGE: ClassVar[str] = "retrain"

    name: str = field(default=PLAIN, metadata=ABSENT)
    base: Architecture
    is_named: bool
    bases: tuple[LookedAt, ...] = field(default=(), metadata=ABSENT)
    member: str
    budget: float
    rules: tuple[LookedAt, ...]
    ranked: tuple[str, ...]
