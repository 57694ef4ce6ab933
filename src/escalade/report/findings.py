"""What the first screen says: the result in one sentence, and what a reader must be warned of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from escalade.report.artefacts import Run
from escalade.report.member import Member, Share
from escalade.report.number import SPACE, accuracy, amount, budget, gap, listed, percent
from escalade.report.roster import budget_kind, chosen_on_front, members, trained_alone

TOLERANCE = 0.05
SEARCHED = {
    "coarse_to_fine": "selected coarse to fine, one for each budget,",
    "independent": "searched for each budget alone",
    "nsga2": "chosen on a Pareto front",
}


def sentence(run: Run) -> str:
    """The result in one sentence."""
    family = members(run)
    if not family:
        return "No network has been searched yet; the page shows what the run has made so far."
    num_grown = sum(member.origin == "grown" for member in family)
    num_searched = len(family) - num_grown
    text = f"{num_searched} network{'s' if num_searched > 1 else ''} {_how_found(run)}"
    text += f" and {num_grown} {_how_grown(run)}" if num_grown else ""
    spans, reaches = ("span", "reach") if len(family) > 1 else ("has", "reaches")
    text += f" {spans} {_range([amount(member.macs) for member in family])} macs"
    tested = sorted(member.test.value for member in family if member.test)
    if not tested:
        return f"{text}."
    return f"{text} and {reaches} {_range([percent(t) for t in tested])} test accuracy."


def _how_found(run: Run) -> str:
    if trained_alone(run):
        num = len((run.search or {})["models"])
        return f"chosen among {num} random ones that were trained alone"
    return SEARCHED.get((run.search or {}).get("searcher", ""), "searched jointly")


def _how_grown(run: Run) -> str:
    rule = (run.growth or {}).get("rule")
    return f"scaled by the rule {rule}" if rule else "grown by the fitted rule"


def warnings(run: Run) -> tuple[str, ...]:
    """Every warning of the run, the gravest first; plain text."""
    family = members(run)
    # Those chosen freely can only differ from what the search counted, which the page tells.
    held = [m for m in family if m.origin == "grown"] if chosen_on_front(run) else family
    return (
        *_out_of_tolerance(held, kind=budget_kind(run), tolerance=tolerance(run)),
        *_not_rising(family),
        *_growth(run),
    )


def tolerance(run: Run) -> float:
    """The budgets' relative tolerance that the run was made with."""
    return float(run.settings.get("tolerance", TOLERANCE))


def _out_of_tolerance(family: Sequence[Member], *, kind: str, tolerance: float) -> tuple[str, ...]:
    return tuple(
        f"{m.name} misses its budget of {budget(m.budget, kind)} {kind} by {gap(m.gap)}; "
        f"the tolerance is ±{SPACE}{percent(tolerance, digits=0)}."
        for m in family
        if m.gap is not None and abs(m.gap) > tolerance + 1e-9
    )


def _not_rising(family: Sequence[Member]) -> tuple[str, ...]:
    """Larger searched members below the one before by more than two standard errors."""
    found = []
    for small, large in pairwise(m for m in family if m.origin == "searched"):
        on_test = small.test is not None and large.test is not None
        before = small.test if on_test else small.search
        after = large.test if on_test else large.search
        if (
            before is None
            or after is None
            or before.value - after.value <= 2 * _error(before, after)
        ):
            continue
        found.append(
            f"{large.name} is larger than {small.name} but less accurate by more than two standard "
            f"errors ({accuracy(after.value, after.standard_error)} after "
            f"{accuracy(before.value, before.standard_error)}, {'test' if on_test else 'search'} "
            f"images)."
        )
    return tuple(found)


def _error(first: Share, second: Share) -> float:
    """Standard error of a difference; an unknown one counts as none."""
    return math.hypot(first.standard_error or 0.0, second.standard_error or 0.0)


def _growth(run: Run) -> tuple[str, ...]:
    """Growth's own notes, above all that too few stages determine it (docs/cli.md)."""
    growth = run.growth or {}
    names = [str(member["name"]) for member in growth.get("members", ())]
    notes = [f"{listed(names or ['Growth'])}: {note}." for note in growth.get("notes", ())]
    if names and growth.get("leave_last_out") is None and "rule" not in growth:
        notes.append(
            f"How well the growth rule extrapolates to {listed(names)} cannot be told from this "
            f"run: that takes at least three searched stages beyond the base."
        )
    return tuple(notes)


def _range(values: Sequence[str]) -> str:
    """The first to the last; once where they are the same."""
    if not values or values[0] == values[-1]:
        return values[0] if values else ""
    return f"{values[0]} to {values[-1]}"
