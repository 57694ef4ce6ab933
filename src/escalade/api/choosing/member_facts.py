"""What family.json and the card of a member say of how it came about."""

from __future__ import annotations

from typing import Any

from escalade.api.choosing.rival_words import WORDS
from escalade.artefacts.starts_tried import StartsTried
from escalade.config.ways_to_weights import CALLED
from escalade.core.network import cost
from escalade.core.numbers.budget import COUNTED, Budget
from escalade.core.numbers.shown import amount, percent
from escalade.core.scaling.ratios import scaling_between
from escalade.evaluate.score import Score
from escalade.family.family import FamilyMember, Weights
from escalade.family.identities import Identities
from escalade.family.member_candidates import Candidate
from escalade.family.packaging.finished import recipe_facts
from escalade.family.trainings.kept import read_made
from escalade.family.trainings.members import MemberTrainings, MemberWeights
from escalade.planning.resolved_run import Run
from escalade.report.start_words import start_on_card
from escalade.search.growing.found import Found


def scores_of(run: Run, found: Found, candidate: Candidate) -> tuple[tuple[str, Score], ...]:
    """A searched member's score and confirmation, where finalists were confirmed."""
    stages = {stage.name: stage for stage in found.searched.stages}
    stage = stages.get(candidate.name)
    reached = None if stage is None else found.searched.confirmed(stage.stage)
    if stage is None or reached is None:
        return ()
    num = len(run.data.search)
    return (
        ("search, scored by the search", Score(num_correct=stage.accuracy * num, num_images=num)),
        (
            f"search, after {reached.num_steps} steps as a finalist",
            Score(num_correct=reached.accuracy * num, num_images=num),
        ),
    )


def has_budget(run: Run, candidate: Candidate) -> bool:
    """Whether anybody asked for the member's size; a front's members have their own."""
    return candidate.origin == "grown" or bool(run.budgets)


def recipe_of(
    run: Run, candidate: Candidate, how: MemberWeights, *, least: float
) -> dict[str, Any] | None:
    """How the weights were trained, after the supernet; None where they were not."""
    settings, num = run.config.retrain, len(run.data.train)
    ratio, effort = candidate.budget / least, candidate.effort
    way = CALLED[how.weights]
    if not (way.together or way.alone):
        return None
    more, recipe = {}, settings.recipe_alone(num, ratio=ratio, effort=effort)
    if way.together:
        more, recipe = {"distillation": settings.distillation}, settings.recipe_together(num)
    elif way.uses_slices or (way.in_turn and ratio > 1):
        recipe = settings.recipe_from_weights(num, ratio=ratio, effort=effort)
    return recipe_facts(recipe, balance=run.data.balance) | more


def identities_of(trainings: MemberTrainings, candidate: Candidate) -> Identities | None:
    """What became of the identities of a searched member's slice."""
    if not candidate.keeps_identities:
        return None
    made = read_made(trainings.slice_folder(candidate))
    if made.folding is None:
        return None
    return Identities(
        folded=made.folding.folded,
        kept=made.folding.kept,
        accuracy=made.search.accuracy,
        slice=cost.of(made.architecture),
        standalone=cost.of(candidate.architecture),
    )


def about_seed(run: Run, weights: Weights) -> list[str]:
    """The pretrained network that weights began as, whose licence goes with them."""
    if run.seed is None or not CALLED[weights].uses_slices:
        return []
    licence = run.seed.licence or "which its source does not state"
    return [
        f"Its weights began as those of {run.seed.name}, fine-tuned on the training images. "
        f"Licence of those: {licence}."
    ]


def licence_of(run: Run, weights: Weights) -> str | None:
    """The licence of the pretrained network that weights began as, if its source states one."""
    return None if run.seed is None or weights == "retrained" else run.seed.licence


def about_start(run: Run) -> list[str]:
    """Which of two starts was tried to be the better one, where that was done."""
    tried = run.folder.find(StartsTried)
    told = "" if tried is None else start_on_card(tried)
    return [told] if told else []


def about_limits(run: Run, member: FamilyMember) -> list[str]:
    """The limits of the search that a member is above, as grown ones may be; told at once, too."""
    notes = [
        f"Its {kind} of {amount(cost, kind)} is above the limit of the search, "
        f"{amount(limit, kind)}."
        for kind, limit in run.config.limits.items()
        if (cost := getattr(member, kind)) > limit
    ]
    for note in notes:
        run.console.say(f"retrain: {member.name}: {note}")
    return notes


def about_identities(run: Run, member: FamilyMember) -> list[str]:
    """What the identities that stay in a slice cost it, told at once and on its card.

    A slice may cost more than the network that the search counted, which keeps all limits.
    """
    if member.identities is None or not CALLED[member.weights].uses_slices:
        return []
    costs: dict[str, float] = {kind: float(getattr(member, kind)) for kind in COUNTED}
    costs["latency"] = float("nan") if member.latency is None else member.latency
    missed = run.method.missed_limits(run.config.search, costs)
    if run.budgets:
        budget = Budget(member.budget, run.config.budget_kind, run.config.tolerance)
        if not budget.contains(costs[budget.kind]):
            missed.append(f"the budget of {budget} within {percent(budget.tolerance, digits=None)}")
    if not missed:
        return [member.identities.note]
    note = (
        f"With the identities that stay it misses {' and '.join(missed)}; a run with "
        "retrain.searched: retrain trains the network without them, which does not."
    )
    run.console.say(f"retrain: {member.name}: {note}")
    return [member.identities.note, note]


def found_in_words(run: Run, found: Found, candidate: Candidate) -> str:
    """How a member came about, in words for its card; empty where members are one base, scaled."""
    traits, method = run.space.traits, run.method
    if candidate.by_hand is not None:
        return WORDS["plain"].story(run, candidate.by_hand)
    if candidate.origin == "grown":
        return method.growing(
            traits, num_searched=len(found.searched.stages), function=found.settings.function
        ).story(found)
    if not method.has_story(traits):
        return ""
    images = "training" if run.config.search.images == "train" else "search"
    return method.story(found.searched, images=images, has_budgets=bool(run.budgets))


def ratios_of(run: Run, found: Found, candidate: Candidate) -> dict[str, Any]:
    """`scaling` and `reference` of a card: to the base, or to the member that a rule scaled.

    Networks that were searched each for itself are no scaled ones.
    """
    if candidate.by_hand is not None or run.method.shares_base(run.space.traits):
        return {"scaling": candidate.scaling.to_json()}
    if candidate.origin == "searched":
        return {}
    scaling = scaling_between(found.largest, candidate.architecture)
    return {"scaling": scaling.to_json(), "reference": found.largest.name}
