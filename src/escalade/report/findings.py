"""What the first screen says: the result in one sentence, and what a reader must be warned of."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from escalade.core.numbers.score_words import SCORE_WORDS
from escalade.core.numbers.shown import accuracy, amount, gap, listed, percent
from escalade.report import roster
from escalade.report.contents import Contents
from escalade.report.contest_words import base_in_words
from escalade.report.family_row import FamilyRow, Rival, Share
from escalade.report.roster import budget_kind, chosen_on_front, task, tolerance
from escalade.report.start_words import starts_in_words
from escalade.search.methods import METHODS


@dataclass(frozen=True, slots=True)
class Caution:
    """A warning in one line of plain text, and the section that has more."""

    text: str
    section: str = "family"


def sentence(run: Contents, family: Sequence[FamilyRow]) -> str:
    if not family:
        return "No network has been searched yet; the page shows what the run has made so far."
    ways = {
        "searched": _how_found(run),
        "grown": _how_grown(run),
        "rival": _rival_kept(run, family),
    }
    numbers = Counter(member.origin for member in family)
    first, *others = [(numbers[way], told) for way, told in ways.items() if numbers[way]]
    text = listed(
        [
            f"{first[0]} network{'s' if first[0] > 1 else ''} {first[1]}",
            *(f"{num} {told}" for num, told in others),
        ]
    )
    spans, reaches = ("span", "reach") if len(family) > 1 else ("has", "reaches")
    text += f" {spans} {_range([amount(member.macs) for member in family])} macs"
    tested = sorted(member.test.value for member in family if member.test)
    if not tested:
        return f"{text}."
    score = SCORE_WORDS[task(run)].name
    return f"{text} and {reaches} {_range([percent(t) for t in tested])} test {score}."


def _rival_kept(run: Contents, family: Sequence[FamilyRow]) -> str:
    if run.contest is None:
        return f"{_rival_kind(family)}, kept as clearly better"
    return f"scaled by {run.contest.rule} from {base_in_words(run.contest.base)}"


def _rival_kind(family: Sequence[FamilyRow]) -> str:
    seeded = any(row.rival is not None and row.rival.base == "seed" for row in family)
    return "the fine-tuned network itself" if seeded else "plain"


def _rival_made(rival: Rival) -> str:
    if rival.base == "seed":
        return "the fine-tuned network that the run started from"
    return f"a plain network scaled by {rival.rule}"


def _how_grown(run: Contents) -> str:
    if run.growth and run.growth.rule:
        return f"scaled by the rule {run.growth.rule}"
    return (
        "grown by a law of error" if run.growth and run.growth.law else "grown by the fitted rule"
    )


def _how_found(run: Contents) -> str:
    if run.search and run.search.models:
        return f"chosen among {len(run.search.models)} random ones that were trained alone"
    method = METHODS.get(run.search.searcher) if run.search else None
    return "searched jointly" if method is None else method.brief


def cautions(run: Contents, family: Sequence[FamilyRow]) -> tuple[Caution, ...]:
    """Every warning of the run, the gravest first."""
    # Those chosen freely can only differ from what the search counted, which the page tells.
    held = [m for m in family if m.origin == "grown" or not chosen_on_front(run)]
    return (
        *_classes(run),
        *_start(run),
        *_missed(run, held),
        *_replaced(family),
        *_not_rising(family),
        *_growth(run),
    )


def _classes(run: Contents) -> list[Caution]:
    """What accuracies on these test images stand on."""
    counts = roster.class_counts(run).get("test")
    return [Caution(text, "classes") for text in counts.cautions()] if counts else []


def _start(run: Contents) -> list[Caution]:
    """That the run would better have begun from nothing, as far as its short look tells."""
    if run.starts is None or not run.starts.scratch_is_ahead:
        return []
    return [Caution(starts_in_words(run.starts, Path(run.folder)), "training")]


def _missed(run: Contents, family: Sequence[FamilyRow]) -> list[Caution]:
    kind, allowed = budget_kind(run), percent(tolerance(run), digits=None)
    return [
        Caution(
            f"{m.name} misses its budget of {amount(m.budget, kind)} {kind} by {gap(m.gap)} "
            f"(tolerance ±{allowed})."
        )
        for m in family
        if m.outside
    ]


def _replaced(family: Sequence[FamilyRow]) -> list[Caution]:
    """Members that are their rivals, with what had been found."""
    return [
        Caution(
            f"{m.name} is {_rival_made(m.rival)}, clearly ahead on the search "
            f"images of what was found for its budget, which has "
            f"{accuracy(m.rival.replaced.value, m.rival.replaced.interval)} on the test "
            "images."
        )
        for m in family
        if m.rival and m.rival.replaced
    ]


def _not_rising(family: Sequence[FamilyRow]) -> list[Caution]:
    """Members below the one before by more than both intervals explain."""
    found = []
    for small, large in pairwise(family):
        on_test = small.test is not None and large.test is not None
        before, after = (m.test if on_test else m.search for m in (small, large))
        if before is None or after is None:
            continue
        if before.value - after.value > _doubt(before, after):
            shown = [accuracy(share.value, share.interval) for share in (after, before)]
            images = "test" if on_test else "search"
            found.append(
                f"{large.name} is larger than {small.name} but clearly less accurate "
                f"({' against '.join(shown)} on the {images} images)."
            )
    return [Caution(text) for text in found]


def _doubt(high: Share, low: Share) -> float:
    """How far apart two accuracies may be by chance (Newcombe's interval of a difference)."""
    below = high.value - high.interval[0] if high.interval else 0.0
    above = low.interval[1] - low.value if low.interval else 0.0
    return math.hypot(below, above)


def _growth(run: Contents) -> list[Caution]:
    """One line for all that growth has to say of itself; the section has it in full."""
    is_by_hand = run.contest is not None and run.contest.kept == "plain"
    if run.growth is None or is_by_hand or not growth_notes(run):
        return []
    grown = [member.name for member in run.growth.members]
    if not unchecked(run):
        return [Caution("The growth rule comes with caveats.", "growth")]
    are = "are" if len(grown) > 1 else "is"
    text = f"{listed(grown)} {are} extrapolated by a rule that this run cannot check."
    return [Caution(text, "growth")]


def unchecked(run: Contents) -> bool:
    """Whether too few stages were searched to tell how well the fitted rule extrapolates.

    A law of error is checked by scores that were left out of its fit.
    """
    growth = run.growth
    is_checked = growth is None or growth.leave_last_out or growth.rule or growth.law
    return bool(growth and growth.members and not is_checked)


def growth_notes(run: Contents) -> list[str]:
    """What a reader should know about the growth, each a sentence."""
    notes = [f"{note[0].upper()}{note[1:]}." for note in run.growth.notes] if run.growth else []
    if unchecked(run):
        notes.append(
            "How well the rule extrapolates cannot be told from this run: that takes at least "
            "three searched stages beyond the base."
        )
    return notes


def _range(values: Sequence[str]) -> str:
    """The first to the last; once where they are the same."""
    return " to ".join(dict.fromkeys((values[0], values[-1])))
