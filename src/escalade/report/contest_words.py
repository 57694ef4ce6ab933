"""A contest in a sentence."""

from __future__ import annotations

from escalade.artefacts.contested import Contested
from escalade.core.numbers.shown import points
from escalade.core.space.plain_network import PLAIN


def contest_in_words(contest: Contested) -> str:
    """What searching was worth, as far as short trainings tell, and what members are made of."""
    made = f"{base_in_words(contest.base)}, scaled by {contest.rule}"
    if not contest.bouts and contest.kept == "plain":
        return f"Nothing was searched: the members are {made}."
    if not contest.bouts:
        return f"What searching was worth is not known: {contest.note}."
    if not contest.can_tell:
        return (
            "What searching was worth is not known: after a short training no network was better "
            f"than chance. The members are {made}, which is the better guess; more time "
            "(--hours) would tell."
        )
    num = len(contest.bouts)
    where = f"in the mean over {num} budgets" if num > 1 else "at one budget"
    told = points(contest.difference, contest.standard_error)
    worth = (
        f"Searching was worth {told} points on the search images, {where}, against "
        f"{made}, after a short training of both"
    )
    if contest.kept == "found":
        return f"{worth}; the members are what was found."
    return f"{worth}; so the members are made of that."


def base_in_words(name: str) -> str:
    """What a base is that a person would write by hand."""
    return "the plain base" if name == PLAIN else f"the base {name} by hand"
