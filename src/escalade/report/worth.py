"""What searching was worth: members as they were found, beside their plain rivals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from escalade.core.numbers.statistics import summarize
from escalade.report.family_row import FamilyRow, Share
from escalade.report.number import points


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchWorth:
    """A mean difference of test accuracies over budgets, as shares.

    The standard error is the larger of two: of the images, as if networks erred independently, and
    of the budgets, over which the difference varies.
    """

    difference: float
    standard_error: float
    num: int


def worth(family: Sequence[FamilyRow]) -> SearchWorth | None:
    """What was found minus its rival, before any rival took a place; None where there is none."""
    pairs = [pair for row in family if (pair := _pair(row)) is not None]
    if not pairs:
        return None
    differences = [ours.value - theirs.value for ours, theirs in pairs]
    errors = [share.standard_error or 0.0 for pair in pairs for share in pair]
    over_budgets = summarize(differences)
    of_images = math.hypot(*errors) / len(pairs)
    varied = 0.0 if len(pairs) == 1 else over_budgets.standard_error
    return SearchWorth(
        difference=over_budgets.mean, standard_error=max(of_images, varied), num=len(pairs)
    )


def worth_in_words(family: Sequence[FamilyRow]) -> str:
    """One sentence; empty where there are no rivals."""
    found = worth(family)
    if found is None:
        return ""
    rules = sorted({row.rival.rule for row in family if row.rival})
    where = f"in the mean over {found.num} budgets" if found.num > 1 else "at its one budget"
    return (
        f"Searching was worth {points(found.difference, found.standard_error)} points on the test "
        f"images, {where}, against a plain network scaled by {' or '.join(rules)} and trained for "
        "as long."
    )


def _pair(row: FamilyRow) -> tuple[Share, Share] | None:
    if row.rival is None or row.rival.test is None:
        return None
    ours = row.rival.replaced or row.test
    return None if ours is None else (ours, row.rival.test)
