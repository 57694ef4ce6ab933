"""The audit of a search: a sample of what it scored, trained as members are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from escalade.api.beginning.begin import open_run, taken_up
from escalade.artefacts.audited import Audited
from escalade.artefacts.contested import Contested
from escalade.artefacts.run_folder import command
from escalade.artefacts.scored import Scored
from escalade.config.ways_to_weights import trained_alone
from escalade.core.values.invalid import Invalid
from escalade.family.analysis.audits import LEAST_NETWORKS, Sample, Sampled, audited, samples
from escalade.family.trainings.alone import RetrainJob
from escalade.family.trainings.kept import is_done, kept_network, read_made
from escalade.family.trainings.side_by_side import num_processes
from escalade.planning.audit_time import AuditTrainings, audit_in_words
from escalade.planning.resolved_run import Run
from escalade.report.contest_words import base_in_words
from escalade.report.terminal import audit_table
from escalade.search.notebook import Notebook
from escalade.search.surrogate.model import Surrogate, why_none
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.interrupt import Stop

STAGE = "audit"
NUM_NETWORKS = 24


def audit(path: Path, *, networks: int = NUM_NETWORKS, should_stop: Stop | None = None) -> Audited:
    """Train a stratified sample of each budget's scored networks and compare it with the scores.

    Accuracies are of the search images; test images are not touched. The same call goes on after a
    kill, and one for more networks trains only what is new.

    Args:
        networks: of each budget.

    Raises:
        Invalid: if the run has nothing to audit, or too few networks are asked for.
        Interrupted: `should_stop` said so; nothing is lost.
    """
    _check(open_run(path), networks)
    with taken_up(path, should_stop=should_stop) as run:
        return _audit(run, networks)


def _audit(run: Run, networks: int) -> Audited:
    sampled, left_out = _sample(run, networks)
    if told := _ahead(run, sampled):
        run.console.say(f"{STAGE}: {told}")
    for sample in sampled:
        _train(run, sample)
    found = audited(
        sampled,
        left_out=left_out,
        budget_kind=run.config.budget_kind,
        weights=trained_alone(from_weights=_slices(run)),
        num_steps=[_steps(run, sample) for sample in sampled],
        trained=lambda sample, one: read_made(_folder(run, sample, one)).search,
        seed=run.config.seed,
        by_hand=_by_hand(run),
    )
    if run.runtime.is_main:
        run.folder.write(found)
    run.console.say("")
    run.console.show(audit_table(found))
    run.console.say(found.sentence)
    run.console.say(f"{command('report', run.folder.path)} adds it to the report")
    return found


def _check(run: Run, networks: int) -> None:
    """Whether there is anything to audit, before images are read."""
    if not run.base_space.traits.has_supernet:
        raise Invalid(
            f"the space {run.config.space} is a {run.base_space.traits.noun}: it has no supernet, "
            "and its scores are those of networks trained alone, so there is nothing to audit",
            path=(str(run.folder.path),),
        )
    if not run.has_supernet:
        raise Invalid(
            "nothing was searched (search.method), so there are no scores to audit",
            path=(str(run.folder.path),),
        )
    if networks < LEAST_NETWORKS:
        raise Invalid(
            f"{networks} networks are too few to rank",
            path=("--networks",),
            remedy=f"use {LEAST_NETWORKS} or more",
        )


def _sample(run: Run, networks: int) -> tuple[list[Sample], list[str]]:
    found, scored = run.found(), run.folder.read(Scored)
    notes = Notebook.of(run.space, scored.population, scored.accuracies)
    population, scores = notes.scored
    worth = None
    if not why_none(scores):
        surrogate = Surrogate.fit(run.space, notes=notes, num_images=scored.num_images)
        worth = surrogate.expected(population).mean
    made, left_out = samples(
        run.space,
        searched=found.searched,
        budgets=found.ladder.budgets[: len(found.searched.stages)],
        population=population,
        scores=scores,
        worth=worth,
        num=networks,
        seed=run.config.seed,
    )
    if not made:
        raise Invalid(
            f"no budget has {LEAST_NETWORKS} scored networks: {'; '.join(left_out)}",
            path=(str(run.folder.path),),
            remedy="search longer, or allow a larger tolerance",
        )
    return made, left_out


def _slices(run: Run) -> bool:
    """Whether trainings begin with slices, as those of members do that are not retrained."""
    return run.config.retrain.way.uses_slices


def _steps(run: Run, sample: Sample) -> int:
    num = len(run.data.train)
    recipe = run.config.retrain.recipe_alone(num, ratio=sample.ratio)
    return recipe.num_steps(num // recipe.batch_size)


def _ahead(run: Run, sampled: Sequence[Sample]) -> str:
    """What is still to be trained, and about how long it takes."""
    settings, num = run.config.retrain, len(run.data.train)
    waiting = [
        AuditTrainings(
            member=sample.name,
            num=sum(not is_done(_folder(run, sample, one)) for one in sample.networks),
            num_steps=_steps(run, sample),
            num_images=settings.recipe_alone(num, ratio=sample.ratio).num_images(num),
        )
        for sample in sampled
    ]
    at_a_time = run.runtime.world_size * num_processes(
        sum(each.num for each in waiting),
        data=run.data,
        runtime=run.runtime,
        num_workers=run.config.workers,
    )
    return audit_in_words(waiting, ledger=run.books.ledger, at_a_time=at_a_time)


def _by_hand(run: Run) -> str:
    """That the members are other networks than these, where a contest kept those by hand."""
    contest = run.folder.find(Contested)
    if contest is None or contest.kept == "found":
        return ""
    return (
        f"No score chose the members of this run: its contest kept {base_in_words(contest.base)}, "
        f"scaled by {contest.rule}"
    )


def _train(run: Run, sample: Sample) -> None:
    supernet = cache(lambda: run.load_supernet(run.folder.supernet))
    run.console.say(f"audit: {len(sample.networks)} networks at {sample.budget}")
    jobs = [_job(run, sample, one, supernet) for one in sample.networks]
    run.workshop.train(jobs, stage=STAGE)


def _job(
    run: Run, sample: Sample, one: Sampled, supernet: Callable[[], SharedWeights]
) -> RetrainJob:
    """A training like a member's, from its slice where members begin with theirs."""
    settings, num_train = run.config.retrain, len(run.data.train)
    folder, start = _folder(run, sample, one), None
    architecture = one.path.architecture
    if _slices(run):
        start = folder.with_name(f"{folder.name}-slice")
        run.workshop.slice_into(start, one.path.running, supernet=supernet)
        architecture = kept_network(start)
    return RetrainJob(
        name=f"{sample.name}-{one.name}",
        architecture=architecture,
        recipe=settings.recipe_alone(num_train, ratio=sample.ratio)
        if start is None
        else settings.recipe_from_weights(num_train, ratio=sample.ratio),
        seed=run.config.seed,
        folder=folder,
        start=start,
    )


def _folder(run: Run, sample: Sample, one: Sampled) -> Path:
    return run.folder.audit_trainings / f"{sample.name}-{one.name}"
