"""The search stage: ask, score, tell, until the searcher has nothing left to ask."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import numpy as np
import torch

from escalade.artefacts.run_folder import command
from escalade.artefacts.searched import Searched
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import format_amount
from escalade.core.values.invalid import Invalid
from escalade.data import ImageData
from escalade.evaluate.evaluator import Evaluator, Scorer
from escalade.evaluate.store import EvaluationStore
from escalade.evaluate.trained_alone import AloneEvaluator, Trained
from escalade.family.trainings.alone import RetrainJob
from escalade.family.trainings.side_by_side import retrain_all
from escalade.planning.resolved_run import Run
from escalade.search.protocol import Searcher
from escalade.train.bookkeeping import Tally


def search(run: Run) -> None:
    """Run the searcher; scores come from the store where it knows them, so a kill costs nothing."""
    if run.folder.has(Searched):
        run.console.say("search: done before")
        return
    data = selection_data(run)
    searcher = run.method.searcher(run.task, num_images=len(data.search))
    with (
        EvaluationStore(run.folder.store) as store,
        _scorer(run, data, store) as scorer,
        run.books.measure("search", "search") as tally,
    ):
        try:
            _answer(run, searcher, scorer, tally)
        finally:
            _count(tally, scorer)
    found = run.method.result(searcher)
    if run.runtime.is_main:
        run.folder.write(found)
        shutil.rmtree(run.folder.models, ignore_errors=True)
    for line in _told(run, found):
        run.console.say(f"search: {line}")


def selection_data(run: Run) -> ImageData:
    """The images with what the search scores on as `search`.

    The search split; or, where `search.images` says train, as many training images from the end,
    beyond those that set batch-norm statistics where there are enough (BigNAS, section 4.4).
    """
    data = run.data
    if run.config.search.images == "search" or not run.space.traits.has_supernet:
        return data
    num = min(len(data.search), len(data.train))
    return replace(
        data,
        search=data.train.subset(torch.arange(len(data.train) - num, len(data.train))),
        search_digest=f"{data.train_digest} last {num}",
    )


def _scorer(run: Run, data: ImageData, store: EvaluationStore) -> AbstractContextManager[Scorer]:
    """Scores slices of the supernet; where there is none, networks that it trains alone."""
    if run.space.traits.has_supernet:
        return Evaluator(
            run.load_supernet(run.folder.supernet),
            data=data,
            store=store,
            runtime=run.runtime,
            settings=run.evaluation,
            num_workers=run.config.workers,
        )
    return AloneEvaluator(
        lambda items: _train_all(run, items),
        data=data,
        store=store,
        runtime=run.runtime,
        settings=run.evaluation,
        recipe=run.config.search.recipe.for_images(len(data.train)),
        seed=run.config.seed,
    )


def _answer(run: Run, searcher: Searcher, scorer: Scorer, tally: Tally) -> None:
    asked = 0
    while len(population := searcher.ask()):
        paths = run.space.paths(population)

        def progress(done: int, of: int, before: int = asked) -> None:
            run.console.update(f"search: {before + done} paths scored")
            _count(tally, scorer)
            if not run.space.traits.has_supernet:  # minutes may lie between two scores
                tally.keep()

        scores = scorer.score(paths, progress=progress, should_stop=run.should_stop)
        asked += len(paths)
        _count(tally, scorer)
        tally.keep()
        with _goes_on(run):
            searcher.tell(np.array([score.accuracy for score in scores]))


def _count(tally: Tally, scorer: Scorer) -> None:
    """What was measured so far in this process; the store's scores were counted before."""
    tally.evaluations = scorer.count.num_measured
    tally.images = scorer.count.num_images


@contextmanager
def _goes_on(run: Run) -> Iterator[None]:
    """A search that cannot end as it was asked to can go on with other settings."""
    try:
        yield
    except Invalid as error:
        config, out = run.folder.config, run.folder.path
        remedy = (
            f"{error.remedy}\nEvery score is kept: change {config}, then "
            f"{command('run', '--config', config, '--out', out)} goes on"
        )
        raise Invalid(error.problem, path=error.path, remedy=remedy) from None


def _train_all(
    run: Run, items: Sequence[tuple[str, Architecture]]
) -> Iterator[tuple[str, Trained]]:
    """Train side by side, as members are; yields each network's score."""
    config = run.config
    jobs = [
        RetrainJob(
            name=key,
            architecture=architecture,
            recipe=config.search.recipe.for_images(len(run.data.train)),
            seed=config.seed,
            folder=run.folder.models / key,
        )
        for key, architecture in items
    ]
    run.console.say(f"search: {len(jobs)} networks of {run.space.name}, each trained alone")
    place = replace(
        run.place, progress=lambda name, value: run.console.training(f"search: {name}", value)
    )
    for job, made in retrain_all(jobs, place, num_workers=config.workers):
        yield job.name, Trained(score=made.search, seconds=made.seconds, num_images=made.num_images)
        if run.runtime.is_main:
            shutil.rmtree(job.folder, ignore_errors=True)


def _told(run: Run, found: Searched) -> Iterator[str]:
    kind = found.budget_kind
    for stage in found.stages:
        yield (
            f"{stage.name} at {format_amount(stage.budget, kind)} {kind} ({stage.gap:+.1%}): "
            f"{stage.score:.2%} on the search split"
        )
    if found.models is not None:
        yield (
            f"best of {len(found.models)}, worst {found.models[-1].score:.2%}; {found.num_tied} "
            "cannot be told from the best"
        )
