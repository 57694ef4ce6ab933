"""What searching was worth: members as they were found, beside their rivals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from escalade.core.numbers.shown import points
from escalade.core.numbers.statistics import summarize
from escalade.report.contents import Contents
from escalade.report.contest_words import contest_in_words
from escalade.report.family_row import FamilyRow, Share

CLEAR = 1.96  # standard errors


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


def worth_of(run: Contents, family: Sequence[FamilyRow]) -> str:
    """What a run tells of it: by its contest, or by rivals; empty where it has neither."""
    return worth_in_words(family) if run.contest is None else contest_in_words(run.contest)


def worth_in_words(family: Sequence[FamilyRow]) -> str:
    """A sentence or two; empty where there are no rivals."""
    found = worth(family)
    if found is None:
        return ""
    where = f"in the mean over {found.num} budgets" if found.num > 1 else "at its one budget"
    told = (
        f"Searching was worth {points(found.difference, found.standard_error)} points on the test "
        f"images, {where}, against {_against(family)}."
    )
    return f"{told}{_verdict(found)}" if _is_seeded(family) else told


def _is_seeded(family: Sequence[FamilyRow]) -> bool:
    """Whether rivals are the pretrained network that the run started from."""
    return any(row.rival is not None and row.rival.base == "seed" for row in family)


def _against(family: Sequence[FamilyRow]) -> str:
    if _is_seeded(family):
        return (
            "the fine-tuned network that the run started from, trained on for as long at the "
            "largest resolution within each budget"
        )
    rules = sorted({row.rival.rule for row in family if row.rival})
    return f"a plain network scaled by {' or '.join(rules)} and trained for as long"


def _verdict(found: SearchWorth) -> str:
    """Said where users could have done without the search."""
    if found.difference <= 0:
        return " The family does not beat it."
    clear = found.difference > CLEAR * found.standard_error
    return "" if clear else " The family is not clearly better than it."


def _pair(row: FamilyRow) -> tuple[Share, Share] | None:
    if row.rival is None or row.rival.test is None:
        return None
    ours = row.rival.replaced or row.test
    return None if ours is None else (ours, row.rival.test)
