"""The retrain stage: every member's final weights, and its one look at the test images."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from escalade.artefacts.grown import Grown
from escalade.artefacts.metrics_lines import collect_metrics
from escalade.core.network import cost
from escalade.core.numbers.budget import COUNTED, Budget, format_amount
from escalade.core.scaling.ratios import scaling_between
from escalade.core.values.invalid import Invalid
from escalade.family.family import Accuracy, Family, FamilyMember
from escalade.family.identities import Identities
from escalade.family.member_candidates import Candidate, candidates
from escalade.family.packaging import card, package
from escalade.family.packaging.finished import recipe_facts, score_on_test, write_member
from escalade.family.trainings.kept import read_made
from escalade.family.trainings.members import MemberTrainings, MemberWeights
from escalade.planning.resolved_run import Run
from escalade.search.growing.found import Found


def retrain(run: Run, *, member: str | None = None) -> None:
    """Make, package and test every member (or one), then write family.json."""
    found = run.found()
    everyone = candidates(found.searched, run.folder.read(Grown), found.ladder)
    names = [each.name for each in everyone]
    if member is not None and member not in names:
        problem = f"{member!r} is not in this run"
        raise Invalid(problem, path=("member",), remedy=f"members are {', '.join(names)}")
    done = _family(run)
    wanted = [each for each in everyone if member in (None, each.name)]
    missing = [each for each in wanted if done is None or not _is_packaged(done, each.name)]
    trainings = member_trainings(run, least=everyone[0].budget)
    made = trainings.make(everyone, missing)
    if run.runtime.is_main:
        for each in missing:
            _finish(run, found, trainings, each, made[each.name])
        collect_metrics(run.folder)
    run.runtime.barrier()


def member_trainings(run: Run, *, least: float) -> MemberTrainings:
    """What makes the weights of a run's members, the smallest of a budget of `least`."""
    return MemberTrainings(
        workshop=run.workshop,
        settings=run.config.retrain,
        least=least,
        seed=run.config.seed,
        run=run.folder,
        load_supernet=run.load_supernet,
    )


def _is_packaged(family: Family, name: str) -> bool:
    if name not in family.names:
        return False
    return all((family[name].path / file).exists() for file in (package.WEIGHTS, package.CONFIG))


def _family(run: Run) -> Family | None:
    path = run.folder.family / "family.json"
    return Family.load(run.folder.family) if path.exists() else None


def _finish(
    run: Run, found: Found, trainings: MemberTrainings, candidate: Candidate, how: MemberWeights
) -> None:
    """Package a member, test it, and write it down with its card."""
    made, folder = read_made(how.folder), run.folder.family / candidate.name
    packed = write_member(folder, made, run.data)
    with run.books.measure("test", candidate.name) as tally:
        test = score_on_test(folder, run.data, run.runtime)
        tally.images, tally.evaluations = test.num_images, 1
    counts = cost.of(made.architecture)
    table = run.space.latency
    member = FamilyMember(
        name=candidate.name,
        stage=candidate.stage,
        origin=candidate.origin,
        weights=how.weights,
        budget=candidate.budget,
        macs=counts.macs,
        params=counts.params,
        activations=counts.activations,
        memory=counts.memory,
        resolution=made.architecture.resolution,
        accuracy=Accuracy(search=made.search.accuracy, test=test.accuracy),
        folder=candidate.name,
        latency=None if table is None else table.of(made.architecture),
        identities=_identities(trainings, candidate),
    )
    notes = (*how.notes, *_about_identities(run, member), *_about_limits(run, member))
    facts = card.Facts(
        data=run.data.name,
        num_train=len(run.data.train),
        budget_kind=run.config.budget_kind,
        tolerance=run.config.tolerance if _has_budget(run, candidate) else None,
        search=made.search,
        test=test,
        interval=candidate.interval,
        recipe=_recipe(run, how, ratio=candidate.budget / found.searched.stages[0].budget),
        notes=notes,
        found=_found(run, found, candidate),
        **_ratios(run, found, candidate),
    )
    card.write(folder, member=member, package=packed, facts=facts)
    _save(run, member)
    run.console.say(
        f"test: {candidate.name}: {test.accuracy:.2%} ± {test.standard_error:.2%} "
        f"on {test.num_images:,} images"
    )


def _has_budget(run: Run, candidate: Candidate) -> bool:
    """Whether anybody asked for the member's size; a front's members have their own."""
    return candidate.origin == "grown" or bool(run.budgets)


def _recipe(run: Run, how: MemberWeights, *, ratio: float) -> dict[str, Any] | None:
    """How the weights were trained, after the supernet; None where they were not."""
    settings, num = run.config.retrain, len(run.data.train)
    if how.weights == "sliced":
        return None
    if how.weights == "together":
        share = {"distillation": settings.distillation}
        return recipe_facts(settings.recipe_together(num)) | share
    if how.weights == "finetuned":
        return recipe_facts(settings.recipe_from_weights(num, ratio=ratio))
    return recipe_facts(settings.recipe_alone(num, ratio=ratio))


def _identities(trainings: MemberTrainings, candidate: Candidate) -> Identities | None:
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


def _about_identities(run: Run, member: FamilyMember) -> list[str]:
    """What the identities that stay in a slice cost it, told at once and on its card.

    A slice may cost more than the network that the search counted, which keeps all limits.
    """
    if member.identities is None or member.weights == "retrained":
        return []
    costs = {kind: float(getattr(member, kind)) for kind in COUNTED}
    costs["latency"] = float("nan") if member.latency is None else member.latency
    missed = run.method.missed_limits(run.config.search, costs)
    if run.budgets:
        budget = Budget(member.budget, run.config.budget_kind, run.config.tolerance)
        if not budget.contains(costs[budget.kind]):
            amount = format_amount(budget.target, budget.kind)
            missed.append(f"the budget of {amount} {budget.kind} within {budget.tolerance:.0%}")
    if not missed:
        return [member.identities.note]
    note = (
        f"With the identities that stay it misses {' and '.join(missed)}; a run with "
        "retrain.searched: retrain trains the network without them, which does not."
    )
    run.console.say(f"retrain: {member.name}: {note}")
    return [member.identities.note, note]


def _about_limits(run: Run, member: FamilyMember) -> list[str]:
    """The limits of the search that a member is above, as grown ones may be; told at once, too."""
    notes = [
        f"Its {kind} of {format_amount(cost, kind)} is above the limit of the search, "
        f"{format_amount(limit, kind)}."
        for kind, limit in run.config.limits.items()
        if (cost := getattr(member, kind)) > limit
    ]
    for note in notes:
        run.console.say(f"retrain: {member.name}: {note}")
    return notes


def _found(run: Run, found: Found, candidate: Candidate) -> str:
    """How a member came about, in words for its card; empty where members are one base, scaled."""
    traits, method = run.space.traits, run.method
    if candidate.origin == "grown":
        return method.growing(traits, num_searched=len(found.searched.stages)).story(found)
    if not method.has_story(traits):
        return ""
    images = "training" if run.config.search.images == "train" else "search"
    return method.story(found.searched, images=images, has_budgets=bool(run.budgets))


def _ratios(run: Run, found: Found, candidate: Candidate) -> dict[str, Any]:
    """`scaling` and `reference` of a card: to the base, or to the member that a rule scaled.

    Networks that were searched each for itself are no scaled ones.
    """
    if run.method.shares_base(run.space.traits):
        return {"scaling": candidate.scaling.to_json()}
    if candidate.origin == "searched":
        return {}
    scaling = scaling_between(found.largest, candidate.architecture)
    return {"scaling": scaling.to_json(), "reference": found.largest.name}


def _save(run: Run, member: FamilyMember) -> None:
    """Add the member to family.json, in order of budget."""
    family = _family(run)
    if family is None:
        family = Family(
            members=(),
            budget_kind=run.config.budget_kind,
            growth=run.folder.read(Grown).fit,
            space=run.space.name,
            data=run.data.name,
        )
    family = family.with_member(member)
    ordered = tuple(sorted(family.members, key=lambda each: each.budget))
    replace(family, members=ordered).save(run.folder.family)
