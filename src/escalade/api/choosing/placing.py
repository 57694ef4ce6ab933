"""A place in the family: what was found for a budget and its plain rival, tested; one is kept."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from escalade.api.choosing.contest import told_of
from escalade.api.choosing.member_facts import (
    about_identities,
    about_limits,
    about_seed,
    about_start,
    found_in_words,
    has_budget,
    identities_of,
    licence_of,
    ratios_of,
    recipe_of,
    scores_of,
)
from escalade.api.choosing.rival_words import WORDS
from escalade.config.ways_to_weights import trained_alone
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.shown import percent
from escalade.core.space.plain_network import PLAIN
from escalade.evaluate.score import ClassScore, Score
from escalade.family.family import Accuracy, FamilyMember, PlainRival, Replaced
from escalade.family.member_candidates import ByHand, Candidate
from escalade.family.packaging import card
from escalade.family.packaging.finished import (
    accuracy_of,
    recipe_facts,
    score_on_test,
    write_member,
)
from escalade.family.trainings.equal_time import RivalTraining
from escalade.family.trainings.kept import read_made
from escalade.family.trainings.making import Made
from escalade.family.trainings.members import MemberTrainings, MemberWeights
from escalade.planning.resolved_run import Run
from escalade.search.growing.found import Found


@dataclass(frozen=True, slots=True, kw_only=True)
class FamilyPlace:
    """A member as family.json has it, and its rival, if it has one."""

    member: FamilyMember
    rival: PlainRival | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Finished:
    """A network with its final weights, its one look at the test images, and its card's facts."""

    member: FamilyMember
    made: Made
    test: ClassScore
    facts: dict[str, Any]


def place(
    run: Run,
    found: Found,
    trainings: MemberTrainings,
    candidate: Candidate,
    how: MemberWeights,
    training: RivalTraining | None,
) -> FamilyPlace:
    """Test what was found and its rival; package the one that is kept, with its card.

    The rival is kept where it is ahead on the search images by more than a standard error of the
    difference.
    """
    ours = _found(run, found, trainings, candidate, how)
    if training is None:
        _write(run, candidate, ours, beside=told_of(run))
        return FamilyPlace(member=ours.member, rival=None)
    theirs = _rival(run, candidate, training)
    rival = _beside(theirs, training)
    if not is_clearly_better(theirs.made.search, ours.made.search):
        _write(run, candidate, ours, beside=_compared(run, rival, theirs))
        return FamilyPlace(member=ours.member, rival=rival)
    told = _told(ours, theirs, WORDS[training.base].short)
    run.console.say(f"retrain: {candidate.name}: {told}")
    notes = (*about_limits(run, theirs.member), *theirs.facts["notes"])
    theirs = replace(theirs, facts=theirs.facts | {"notes": notes})
    _write(run, candidate, theirs, beside=told)
    return FamilyPlace(member=theirs.member, rival=replace(rival, replaced=_replaced(ours.member)))


def is_clearly_better(score: Score, other: Score) -> bool:
    """Whether a score is above another by more than a standard error of the difference."""
    return score.accuracy - other.accuracy > _error(score, other)


def _error(score: Score, other: Score) -> float:
    return math.hypot(score.standard_error, other.standard_error)


def _found(
    run: Run, found: Found, trainings: MemberTrainings, candidate: Candidate, how: MemberWeights
) -> _Finished:
    """What search or growth found."""
    made, test = read_made(how.folder), _tested(run, candidate.name, how)
    member = replace(
        _member(run, candidate, made.architecture, accuracy_of(made.search, test)),
        origin=candidate.origin if candidate.by_hand is None else "rival",
        weights=how.weights,
        identities=identities_of(trainings, candidate),
    )
    facts = {
        "interval": candidate.interval,
        "recipe": recipe_of(run, candidate, how, least=trainings.least),
        "notes": (
            *how.notes,
            *about_identities(run, member),
            *about_limits(run, member),
            *about_seed(run, how.weights),
            *about_start(run),
        ),
        "found": found_in_words(run, found, candidate),
        **ratios_of(run, found, candidate),
    }
    if candidate.by_hand is None:
        facts["scored"] = scores_of(run, found, candidate)
    return _Finished(member=member, made=made, test=test, facts=facts)


def _rival(run: Run, candidate: Candidate, training: RivalTraining) -> _Finished:
    """What one has without a search at the same budget."""
    weights = trained_alone(from_weights=training.job.start is not None)
    how = MemberWeights(folder=training.job.folder, weights=weights)
    made, test = read_made(how.folder), _tested(run, f"{candidate.name}-rival", how)
    member = _member(run, candidate, made.architecture, accuracy_of(made.search, test))
    member = replace(member, weights=weights)
    story = WORDS[training.base].story(run, ByHand(PLAIN, training.rule))
    facts = {
        "recipe": recipe_facts(training.job.recipe, balance=run.data.balance),
        "notes": (*about_seed(run, weights),),
        "found": story,
    }
    return _Finished(member=member, made=made, test=test, facts=facts)


def _tested(run: Run, name: str, how: MemberWeights) -> ClassScore:
    """The accuracy on the test images, which is asked for once."""
    with run.books.measure("test", name) as tally:
        test = score_on_test(how.folder, run.data, run.runtime)
        tally.images, tally.evaluations = test.total.num_images, 1
    run.console.say(f"test: {name}: {test.total.in_words()}")
    return test


def _member(
    run: Run, candidate: Candidate, network: Architecture, accuracy: Accuracy
) -> FamilyMember:
    """A network in a member's place."""
    counts, table = cost.of(network), run.space.latency
    return FamilyMember(
        name=candidate.name,
        stage=candidate.stage,
        origin="rival",
        weights=trained_alone(from_weights=False),
        budget=candidate.budget,
        macs=counts.macs,
        params=counts.params,
        activations=counts.activations,
        memory=counts.memory,
        resolution=network.resolution,
        accuracy=accuracy,
        folder=candidate.name,
        latency=None if table is None else table.of(network),
    )


def _write(run: Run, candidate: Candidate, kept: _Finished, *, beside: str = "") -> None:
    """Package what is kept, with its card."""
    folder = run.folder.family / candidate.name
    licence = licence_of(run, kept.member.weights)
    packed = write_member(folder, kept.made, run.data, licence=licence)
    facts = card.Facts(
        data=run.data.name,
        num_train=len(run.data.train),
        digests=run.data.digests,
        budget_kind=run.config.budget_kind,
        tolerance=run.config.tolerance if has_budget(run, candidate) else None,
        search=kept.made.search,
        test=kept.test,
        duplicates=run.data.duplicates,
        seen=run.data.seen,
        beside=beside,
        **kept.facts,
    )
    card.write(folder, member=kept.member, package=packed, facts=facts)


def _beside(theirs: _Finished, training: RivalTraining) -> PlainRival:
    member = theirs.member
    return PlainRival(
        member=member.name,
        base=training.base,
        rule=training.rule,
        macs=member.macs,
        params=member.params,
        activations=member.activations,
        resolution=member.resolution,
        num_images=theirs.made.num_images,
        accuracy=member.accuracy,
        architecture=theirs.made.architecture,
    )


def _replaced(member: FamilyMember) -> Replaced:
    return Replaced(
        origin=member.origin,
        weights=member.weights,
        macs=member.macs,
        params=member.params,
        activations=member.activations,
        resolution=member.resolution,
        accuracy=member.accuracy,
    )


def _compared(run: Run, rival: PlainRival, theirs: _Finished) -> str:
    """The rival of a member that stays, in a sentence for its card."""
    made = WORDS[rival.base].beside(run, rival.rule, rival.architecture)
    return (
        f"{made}: {percent(theirs.test.total.accuracy, digits=2)} on the test images, "
        f"{percent(theirs.made.search.accuracy, digits=2)} on the search images."
    )


def _told(ours: _Finished, theirs: _Finished, rival: str) -> str:
    """Why the rival is kept."""
    search, before = theirs.made.search, ours.made.search
    reached, found = (percent(each.test.total.accuracy, digits=2) for each in (theirs, ours))
    return (
        f"{rival} is ahead of what was found, {percent(search.accuracy, digits=2)} against "
        f"{percent(before.accuracy, digits=2)} on the search images (standard error of the "
        f"difference {100 * _error(search, before):.2f} points), and takes its place; on the "
        f"test images they reach {reached} and {found}."
    )
