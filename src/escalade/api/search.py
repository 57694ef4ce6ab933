"""The search stage: base network and scaling strategies, jointly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from escalade.api.methods import evolution_of, method_of, num_evaluations
from escalade.api.run_folder import RunFolder
from escalade.api.session import Session
from escalade.api.sizes import constraints_of, num_members
from escalade.artefacts.files import write_json
from escalade.config import Config, as_setting
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import format_amount
from escalade.core.scaling.ratios import Scaling
from escalade.core.space.space import Space
from escalade.data import ImageData
from escalade.evaluate.evaluator import Evaluator
from escalade.evaluate.ledger import Tally
from escalade.evaluate.measure import EvaluationSettings
from escalade.evaluate.store import Store
from escalade.search import (
    MCEA,
    NSGA2,
    PPO,
    Evolution,
    IndependentSearch,
    RandomSearch,
    Roulette,
    Searcher,
)
from escalade.search.coarse_to_fine import CoarseToFine


def search(session: Session) -> None:
    """Run the searcher; scores come from the store where it knows them, so a kill costs nothing."""
    folder, config, space = session.folder, session.config, session.supernet_space
    if folder.search.exists():
        session.console.say("search: done before")
        return
    data = selection_data(config, session.data)
    searcher = make_searcher(config, space, num_images=len(data.search))
    supernet = session.load_supernet()
    with (
        Store(folder.store) as store,
        Evaluator(
            supernet,
            data=data,
            store=store,
            runtime=session.runtime,
            settings=evaluation_settings(config, num_train=len(session.data.train)),
            num_workers=config.workers,
        ) as evaluator,
        session.ledger.measure("search", runtime=session.runtime, name="search") as tally,
    ):
        try:
            _answer(session, searcher, evaluator, tally)
        finally:
            _count(tally, evaluator)
    found = searcher.result().to_json()
    _complete(found, space)
    if session.runtime.is_main:
        write_json(folder.search, found)
    for stage in found["stages"]:
        session.console.say(
            f"search: S{stage['stage']} at {format_amount(stage['budget'], config.budget_kind)} "
            f"{config.budget_kind} ({stage['gap']:+.1%}): {stage['score']:.2%} on the search split"
        )


def _answer(session: Session, searcher: Searcher, evaluator: Evaluator, tally: Tally) -> None:
    """Ask, score, tell until the searcher has nothing left to ask."""
    asked = 0
    while len(population := searcher.ask()):
        paths = session.supernet_space.paths(population)
        scores = evaluator.score(
            paths,
            progress=lambda done, of, before=asked: session.console.update(  # type: ignore[misc]
                f"search: {before + done} paths scored"
            ),
            should_stop=session.should_stop,
        )
        asked += len(paths)
        _count(tally, evaluator)
        tally.keep()
        told = np.array([score.accuracy for score in scores])
        if not isinstance(searcher, NSGA2):
            searcher.tell(told)
            continue
        with _settings_named(session.folder):
            searcher.tell(told)


def _count(tally: Tally, evaluator: Evaluator) -> None:
    """What was measured so far in this process; the store's scores were counted before."""
    tally.evaluations = evaluator.count.num_measured
    tally.images = evaluator.count.num_images


def check_search(config: Config, space: Space, *, num_images: int) -> None:
    """Whether the searcher can be made and finds networks that the budgets or the limits allow.

    Raises:
        ValueError: for settings that do not suit the space or each other, or for budgets and
            constraints on costs that nothing meets.
    """
    searcher = make_searcher(config, space, num_images=num_images)
    if isinstance(searcher, CoarseToFine):
        # Whether variations walk into a budget that no skeleton meets does not depend on scores.
        searcher.tell(np.zeros(len(searcher.ask())))
    if isinstance(searcher, NSGA2):
        with _settings_named():
            searcher.ask()


def make_searcher(config: Config, space: Space, *, num_images: int) -> Searcher:
    """The searcher that a configuration names; all see the same budgets and evaluations.

    Raises:
        ValueError: for settings that do not suit the space or each other.
    """
    method = method_of(config, space)
    if method == "nsga2":
        return _front_search(config, space, num_images=num_images)
    settings, budgets = config.search, config.ladder.budgets
    population, generations = evolution_of(config, method)
    evolution = Evolution(population=population, generations=generations)
    if method == "coarse_to_fine":
        return CoarseToFine(
            space,
            budgets=budgets,
            seed=config.seed,
            num_images=num_images,
            num_skeletons=settings.num_skeletons,
            num_variations=settings.num_variations,
        )
    if method == "independent":
        return IndependentSearch(
            space, budgets=budgets, seed=config.seed, num_images=num_images, evolution=evolution
        )
    if method == "random":
        return RandomSearch(
            space,
            budgets=budgets,
            seed=config.seed,
            num_images=num_images,
            num_evaluations=num_evaluations(config, space),
            pi=settings.stage_weights,
        )
    return MCEA(
        space,
        budgets=budgets,
        seed=config.seed,
        num_images=num_images,
        num_bases=settings.num_bases,
        iterations=settings.rounds,
        evolution=evolution,
        strategies_per_stage=settings.strategies,
        pi=settings.stage_weights,
    )


def _front_search(config: Config, space: Space, *, num_images: int) -> NSGA2:
    settings = config.search
    population, generations = evolution_of(config, "nsga2")
    with _settings_named():
        return NSGA2(
            space,
            seed=config.seed,
            num_images=num_images,
            objectives=config.objectives,
            weights=settings.objective_weights,
            constraints=constraints_of(config),
            population=population,
            generations=generations,
            crossover=settings.crossover,
            exploitation=PPO() if settings.exploitation else None,
            exploration=Roulette() if settings.exploration else None,
            num_members=num_members(config),
            budgets=config.ladder.budgets if config.budgets else (),
            budget_kind=config.budget_kind,
            identity_choices=space.identity_choices,
        )


@contextmanager
def _settings_named(folder: RunFolder | None = None) -> Iterator[None]:
    """Name settings in messages as users have them; and in a run, how it goes on with others."""
    try:
        yield
    except ValueError as error:
        remedy = ""
        if folder is not None:
            remedy = (
                f"\nEvery score is kept: change {folder.config}, then `escalade run --config "
                f"{folder.config} --out {folder.path}` goes on"
            )
        raise ValueError(f"{as_setting(str(error))}{remedy}") from None


def selection_data(config: Config, data: ImageData) -> ImageData:
    """The images with what the search scores on as `search`.

    The search split; or, where `search.images` says train, as many training images from the end,
    beyond those that set batch-norm statistics where there are enough (BigNAS, section 4.4).
    """
    if config.search.images == "search":
        return data
    num = min(len(data.search), len(data.train))
    return replace(
        data,
        search=data.train.subset(torch.arange(len(data.train) - num, len(data.train))),
        search_digest=f"{data.train_digest} last {num}",
    )


def evaluation_settings(config: Config, *, num_train: int) -> EvaluationSettings:
    """How paths and members are scored."""
    num = min(config.evaluation.recalibration_images, num_train)
    return EvaluationSettings(
        num_recalibration=num,
        recalibration_batch=min(128, num),
        precision=config.evaluation.precision,
    )


def _complete(found: dict[str, Any], space: Space) -> None:
    """Add what the growth stage needs: rounding steps, and the networks behind tied strategies."""
    data = space.layout
    found["divisors"] = [data.width_divisor, data.resolution_divisor]
    if not space.traits.scales:
        return
    for stage in found["stages"]:
        for tie in stage["tied"]:
            tie["architecture"] = _tied(space, stage["genome"], tie).to_json()


def _tied(space: Space, genome: list[int], tie: dict[str, Any]) -> Architecture:
    scaling = Scaling(tie["depth"], tie["width"], tie["resolution"])
    strategy = (
        space.ratios.depth.index(scaling.depth),
        space.ratios.width.index(scaling.width),
        space.ratios.resolution.index(scaling.resolution),
    )
    return space.path(genome, strategy).architecture
