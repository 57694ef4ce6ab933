"""What the first screen says: the result in one sentence, and what a reader must be warned of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from escalade.report.artefacts import Run
from escalade.report.member import Member, Share
from escalade.report.number import SPACE, accuracy, amount, budget, gap, listed, percent
from escalade.report.roster import budget_kind, members

TOLERANCE = 0.05


def sentence(run: Run) -> str:
    """The result in one sentence."""
    family = members(run)
    if not family:
        return "No network has been searched yet; the page shows what the run has made so far."
    small, large = family[0], family[-1]
    networks = "One network" if len(family) == 1 else f"{len(family)} networks"
    text = f"{networks} from {_range(amount(small.macs), amount(large.macs))} macs"
    measured = [member for member in family if member.test]
    if measured and measured[0].test and measured[-1].test:
        first, last = percent(measured[0].test.value), percent(measured[-1].test.value)
        text += f", test accuracy {first}" + (f" to {last}" if len(measured) > 1 else "")
    num_grown = sum(member.origin == "grown" for member in family)
    text += f": {len(family) - num_grown} searched jointly with the base network"
    return text + (f", {num_grown} grown by the fitted rule." if num_grown else ".")


def warnings(run: Run) -> tuple[str, ...]:
    """Every warning of the run, the gravest first; plain text."""
    family = members(run)
    return (
        *_out_of_tolerance(family, kind=budget_kind(run), tolerance=tolerance(run)),
        *_not_rising(family),
        *_growth(run),
        *(str(note) for note in (run.growth or {}).get("notes", ())),
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
        if before is None or after is None or before.value - after.value <= 2 * _error(before, after):
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
    """What the number of searched stages allows growth to say (DESIGN, section 5)."""
    if run.growth is None or not run.growth.get("members"):
        return ()
    num_stages = sum(float(point["stage"]) > 0 for point in run.growth["points"])
    if num_stages >= 3:
        return ()
    grown = listed([str(member["name"]) for member in run.growth["members"]])
    if num_stages == 2:
        why = "two searched stages determine the growth functions exactly"
    else:
        why = "one searched stage determines only the linear growth function"
    return (f"{grown}: {why}, so no error of the growth rule can be estimated from this run.",)


def _range(low: str, high: str) -> str:
    if low == high:
        return low
    same_unit = low.split(SPACE)[-1] == high.split(SPACE)[-1]
    return f"{low.split(SPACE)[0] if same_unit else low} to {high}"
