"""The grow stage: the rule that carries the family on, and members that nobody searched."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from escalade.api.beginning.begin import open_run
from escalade.api.choosing.contest import made_by_hand
from escalade.artefacts.grown import Grown, GrownMember
from escalade.artefacts.planned import Planned
from escalade.artefacts.rival_look import RivalLook
from escalade.artefacts.run_folder import RunFolder
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.shown import accuracy, amount, gap, parse_amount
from escalade.core.scaling.extrapolation import is_told
from escalade.core.scaling.hybrid import scale_within
from escalade.core.values.invalid import Invalid, within
from escalade.family.member_candidates import ByHand
from escalade.planning.resolved_run import Run
from escalade.report.contest_words import base_in_words
from escalade.search.growing.found import Found, Growing, widths_and_depths


def grow(run: Run) -> None:
    """Follow the growth to the budgets beyond the searched ones."""
    console = run.console
    if run.folder.has(Grown):
        console.say("grow: done before")
        return
    found = run.found()
    growing = _growing(run, found)
    ladder, num = found.ladder, len(found.searched.stages)
    made = growing.grow(found, (*ladder.budgets[num:], *run.grown(ladder)))
    if not growing.grows:
        console.say(f"grow: no members are grown: {made.notes[0]}")
    for member in made.members if run.searches else ():
        budget = amount(member.budget, ladder.kind)
        console.say(f"grow: {member.name} at {budget}{growing.told(found, member)}")
    run.folder.write(made)


def grow_to(path: Path, to: str) -> GrownMember:
    """The network of any budget by the growth of a run; nothing is written.

    Raises:
        ValueError: if the run was not searched, or no rounding meets the budget.
    """
    run = open_run(path)
    kind, found = run.config.budget_kind, run.found()
    with within("--to"):
        target = parse_amount(to, kind=kind, kind_flag="--budget-kind")
        least = found.ladder.budgets[0].target
        if target < least:
            raise Invalid(
                f"{to} is below the base network's budget",
                remedy=f"the rule grows from {amount(least, kind)} {kind}",
            )
    budget = Budget(target, kind, run.config.tolerance)
    name = f"to_{amount(target, kind)}"
    with within(str(path)):
        if by_hand := made_by_hand(run):
            return _scaled_by_hand(run, found, by_hand, budget, name=name)
        return _growing(run, found).at(found, budget, name=name)


def _scaled_by_hand(
    run: Run, found: Found, how: ByHand, budget: Budget, *, name: str
) -> GrownMember:
    """The base that the run's members are made of, at any budget."""
    solved = scale_within(
        run.folder.read(RivalLook).base,
        rule=how.rule,
        budget=budget,
        stage=found.ladder.stage(budget.target),
        side=run.folder.read(Planned).side,
        name=name,
        cost_of=found.latency_of,
    )
    note = (
        f"{base_in_words(how.base)} scaled by the rule {how.rule}, as the members of the run are; "
        "nothing was fitted"
    )
    made = found.entry(solved)
    return replace(made, notes=(note, *(made.notes or ())))


def growth(path: Path) -> Grown:
    """The rule and the grown members of a run.

    Raises:
        ValueError: if the run has not grown yet.
    """
    return RunFolder(path).read(Grown)


def describe_grown(grown: GrownMember) -> str:
    arch = grown.architecture
    latency = "" if grown.latency is None else f", {amount(grown.latency, 'latency')} predicted"
    lines = [
        widths_and_depths(arch).replace("widths", f"stem {arch.stem.width}, widths"),
        f"{grown.macs:,} macs ({gap(grown.gap)} of the budget), {grown.params:,} params, "
        f"{grown.activations:,} activations{latency}",
    ]
    for dimension, ratio in grown.solved.to_json().items():
        line = f"  {dimension} x {ratio:.3f}"
        if grown.interval is not None:
            low, high = grown.interval[dimension]
            predicted = getattr(grown.predicted, dimension)
            between = f"give {low:.3f} to {high:.3f}" if is_told(low, high) else "cannot tell"
            line += f" (predicted {predicted:.3f}, tied strategies {between})"
        lines.append(line)
    if grown.accuracy is not None:
        found = grown.accuracy
        lines.append(f"  predicted accuracy {accuracy(found.mean, (found.low, found.high))}")
    if grown.extrapolation and grown.interval is not None:
        lines.append("  extrapolated beyond the searched stages")
    lines.extend(f"  note: {note}" for note in grown.notes or ())
    return "\n".join(lines) + "\n"


def _growing(run: Run, found: Found) -> Growing:
    traits = run.base_space.traits
    return run.method.growing(
        traits, num_searched=len(found.searched.stages), function=found.settings.function
    )
