"""Finalists of a search are trained shortly, as members will be, before one is chosen."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from escalade.artefacts.scored import Scored
from escalade.artefacts.searched import Finalist, Searched
from escalade.core.space.path import Population
from escalade.family.trainings.alone import RetrainJob
from escalade.family.trainings.kept import kept_network, read_made
from escalade.planning.resolved_run import Run
from escalade.search.operators.gene_operators import Scores
from escalade.search.surrogate.finalists import Final, confirmed, final

STAGE = "search"


def finalists(
    run: Run, found: Searched, scored: Scored, *, score: Callable[[Population], Scores]
) -> Final | None:
    """The finalists of a search, all of them scored; None where none are wanted or there are."""
    settings = run.config.search
    if not settings.finalists:
        return None
    choice = run.method.choice(run.task, num_images=scored.num_images)
    field = final(choice, found, scored, num=settings.finalists, seed=run.config.seed)
    if isinstance(field, str):
        run.console.say(f"search: no finalists: {field}")
        return None
    field.complete(score)
    return field


def confirm(run: Run, field: Final) -> Searched:
    """Train finalists in halving rounds and choose among them.

    Killed at any moment, the same command goes on: trainings that are whole are not done again.
    """
    settings, everyone = run.config.search, field.finalists()
    going = settings.finalists
    for number in range(settings.finalist_rounds):
        if number and going == 1:
            break
        kept = field.survivors(everyone, most=going)
        part = [each for each in everyone if (each.stage, each.number) in kept]
        _train(run, field, part, number)
        everyone = [_told(run, each, number) if each in part else each for each in everyone]
        going = math.ceil(going / 2)
    return field.concluded(everyone)


def _train(run: Run, field: Final, part: Sequence[Finalist], number: int) -> None:
    """A round: from slices, or from scratch; later ones from the round before."""
    supernet = cache(lambda: run.load_supernet(run.folder.supernet))
    sliced = run.has_supernet and run.config.retrain.way.uses_slices
    jobs = []
    for each in part:
        path = field.path(each)
        start = _folder(run, each, number - 1) if number else None
        if start is None and sliced:
            start = run.folder.finalists / f"{each.name}-slice"
            run.workshop.slice_into(start, path.running, supernet=supernet)
        recipe = run.config.retrain.recipe_confirming(
            len(run.data.train),
            share=run.config.search.finalist_share,
            starts=start is not None,
            ratio=field.ratio(each),
        )
        jobs.append(
            RetrainJob(
                name=f"{each.name}-{number + 1}",
                architecture=path.architecture if start is None else kept_network(start),
                recipe=recipe,
                seed=run.config.seed,
                folder=_folder(run, each, number),
                start=start,
            )
        )
    run.workshop.train(jobs, stage=STAGE)


def _told(run: Run, finalist: Finalist, number: int) -> Finalist:
    """With what it reached in a round."""
    made = read_made(_folder(run, finalist, number))
    before = finalist.confirmed[-1].num_steps if finalist.confirmed else 0
    result = confirmed(
        made.search.num_correct, made.search.num_images, num_steps=before + made.num_steps
    )
    return replace(finalist, confirmed=(*finalist.confirmed, result))


def _folder(run: Run, finalist: Finalist, number: int) -> Path:
    return run.folder.finalists / f"{finalist.name}-{number + 1}"
