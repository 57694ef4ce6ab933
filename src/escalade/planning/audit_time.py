"""How long an audit takes, by what the run's own trainings took."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from escalade.artefacts.ledger import Ledger
from escalade.core.numbers.shown import duration
from escalade.data.listing.split_folders import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditTrainings:
    """The trainings at one budget that are still to be done.

    Attributes:
        member: the member of that budget.
        num: of trainings.
        num_steps: of each.
        num_images: that each sees.
    """

    member: str
    num: int
    num_steps: int
    num_images: int


def audit_in_words(waiting: Sequence[AuditTrainings], *, ledger: Ledger, at_a_time: int) -> str:
    """How many trainings of how many steps, and about how long; empty where all are done.

    Args:
        waiting: by budget.
        ledger: of the run; an image takes what it took the slowest training of that budget.
        at_a_time: trainings.
    """
    left = [each for each in waiting if each.num]
    if not left:
        return ""
    parts = [
        f"{sum(each.num for each in alike)} of {num_steps:,} steps"
        for num_steps, alike in (
            (num_steps, list(group))
            for num_steps, group in groupby(left, key=lambda each: each.num_steps)
        )
    ]
    num = sum(each.num for each in left)
    told = f"{counted(num, 'training')}: {', '.join(parts)}"
    rates = [_seconds_of_image(ledger, each.member) for each in left]
    known = [rate for rate in rates if rate is not None]
    if len(known) < len(left):
        return told
    total = sum(each.num * each.num_images * rate for each, rate in zip(left, known, strict=True))
    return f"{told}; about {duration(total / at_a_time)}, as this run's own trainings went"


def _seconds_of_image(ledger: Ledger, member: str) -> float | None:
    """Device-seconds of a training, at the budget of a member."""
    rates = [
        entry.device_seconds / entry.images
        for entry in ledger.entries
        if entry.stage in ("retrain", "audit")
        and entry.images
        and entry.name.split("-")[0] == member
    ]
    return max(rates, default=None)
