"""The search stage: ask, score, tell, until the searcher has nothing left to ask."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from escalade.api.choosing.confirm import confirm, finalists
from escalade.artefacts.run_folder import command
from escalade.artefacts.scored import Scored
from escalade.artefacts.searched import Searched
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.shown import amount, gap, percent
from escalade.core.space.path import Population
from escalade.core.values.invalid import Invalid
from escalade.data import ImageData
from escalade.evaluate.evaluator import Evaluator
from escalade.evaluate.scorer import Scorer
from escalade.evaluate.store import EvaluationStore, StoreOfRank0
from escalade.evaluate.trained_alone import AloneEvaluator, Trained
from escalade.family.trainings.alone import RetrainJob
from escalade.family.trainings.side_by_side import retrain_all
from escalade.planning.resolved_run import Run
from escalade.search.protocol import Searcher
from escalade.train.bookkeeping import Tally


def search(run: Run) -> None:
    """Run the searcher; scores come from the store where it knows them, so a kill costs nothing."""
    if run.runtime.broadcast(run.runtime.is_main and run.folder.has(Searched)):
        run.console.say("search: done before")
        return
    data = selection_data(run)
    searcher = run.method.begin(run.task, num_images=len(data.search))
    if not run.method.num_scores(run.task):
        _unsearched(run, searcher)
        return
    with (
        _store(run) as store,
        _scorer(run, data, store) as scorer,
        run.books.measure("search", "search") as tally,
    ):
        scoring = _Scoring(run, scorer, tally)
        try:
            while len(population := searcher.ask()):
                told = scoring(population)
                with _goes_on(run):
                    run.method.tell(searcher, told)
            found = run.method.result(searcher)
            field = finalists(run, found, scoring.scored, score=scoring)
        finally:
            _count(tally, scorer)
    if field is not None:
        found = confirm(run, field)
    if run.runtime.is_main:
        run.folder.write(scoring.scored)
        if searcher.children is not None:
            run.folder.write(searcher.children)
        run.folder.write(found)
        for folder in (run.folder.models, run.folder.finalists):
            shutil.rmtree(folder, ignore_errors=True)
    for line in _told(run, found):
        run.console.say(f"search: {line}")


def _unsearched(run: Run, searcher: Searcher) -> None:
    """What a method finds that needs no scores."""
    searcher.ask()
    if run.runtime.is_main:
        run.folder.write(run.method.result(searcher))
    run.runtime.barrier()
    run.console.say(f"search: {run.method.scores_in_words(0, run.config.search)}")


def selection_data(run: Run) -> ImageData:
    """The images with what the search scores on as `search`.

    The search split; or, where `search.images` says train, as many training images from the end,
    beyond those that set batch-norm statistics where there are enough (BigNAS, section 4.4).
    """
    data = run.data
    if run.config.search.images == "search" or not run.has_supernet:
        return data
    num = min(len(data.search), len(data.train))
    return replace(
        data,
        search=data.train.subset(torch.arange(len(data.train) - num, len(data.train))),
        search_digest=f"{data.train_digest} last {num}",
    )


def _store(run: Run) -> EvaluationStore:
    """Rank 0's; network file systems have no store that several processes write."""
    return EvaluationStore(run.folder.store) if run.runtime.is_main else StoreOfRank0()


def _scorer(run: Run, data: ImageData, store: EvaluationStore) -> Scorer:
    """Scores slices of the supernet; where there is none, networks that it trains alone."""
    if run.has_supernet:
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


class _Scoring:
    """Scores whatever a search asks for, and remembers it in order."""

    def __init__(self, run: Run, scorer: Scorer, tally: Tally) -> None:
        self._run, self._scorer, self._tally = run, scorer, tally
        self.scored = Scored()

    def __call__(self, population: Population) -> npt.NDArray[np.float64]:
        """Accuracies of paths, in their order."""
        run, before = self._run, len(self.scored)

        def progress(done: int, of: int) -> None:
            run.console.update(f"search: {before + done} paths scored")
            _count(self._tally, self._scorer)
            if not run.has_supernet:  # minutes may lie between two scores
                self._tally.keep()

        paths = run.space.paths(population)
        scores = self._scorer.score(paths, progress=progress, should_stop=run.should_stop)
        self.scored = self.scored.with_scores(
            population.genomes,
            population.strategies,
            num_correct=[score.num_correct for score in scores],
            num_images=scores[0].num_images,
        )
        _count(self._tally, self._scorer)
        self._tally.keep()
        return np.array([score.accuracy for score in scores])


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
    kind, model = found.budget_kind, found.surrogate
    if model is not None:
        yield model.note or (
            f"chosen by a model of all {model.num_scores:,} scores, which predicts one that it has "
            f"not seen to {100 * model.error:.2f} points (noise {100 * model.noise:.2f})"
        )
    for stage in found.stages:
        reached = found.confirmed(stage.stage)
        yield (
            f"{stage.name} at {amount(stage.budget, kind)} {kind} ({gap(stage.gap)}): "
            f"{percent(stage.accuracy)} on the search split"
            + ("" if reached is None else f", {percent(reached.accuracy)} after a short training")
        )
    if found.models is not None:
        yield (
            f"best of {len(found.models)}, worst {percent(found.models[-1].score)}; "
            f"{found.num_tied} cannot be told from the best"
        )
