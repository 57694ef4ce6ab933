"""Runs over a design space: networks trained alone, and the best one scaled by a rule."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from escalade.api import latency, sizes
from escalade.api.run_folder import RunFolder
from escalade.api.search import evaluation_settings
from escalade.api.session import Session, recipe_for
from escalade.artefacts.files import write_json
from escalade.config import Config
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget, format_amount
from escalade.core.scaling import rules
from escalade.core.scaling.grown_members import Member
from escalade.core.scaling.hybrid import scale_to
from escalade.core.scaling.lattice import CostOf
from escalade.core.space.space import Space
from escalade.evaluate.alone import AloneEvaluator, Trained
from escalade.evaluate.store import Store
from escalade.family.parallel import retrain_all
from escalade.family.retrain import RetrainJob
from escalade.search import DesignSpaceSearch
from escalade.spaces import load


def is_design(config: Config, folder: RunFolder | None = None) -> bool:
    """Whether a run is over a design space; its folder knows it even if the file has moved."""
    if folder is not None and folder.space.exists():
        return not folder.load_space(config).traits.has_supernet
    return config.space is not None and not load.read(config.space).traits.has_supernet


def settle(config: Config, folder: RunFolder | None = None) -> Config:
    """What follows from a design space: no supernet, so members are trained from scratch."""
    if not is_design(config, folder):
        return config
    return replace(
        config,
        search=replace(config.search, method="random"),
        retrain=replace(config.retrain, searched="retrain", grown="scratch"),
    )


def settled(before: Config, after: Config) -> str:
    """What `settle` changed, for people; empty if nothing."""
    if before == after:
        return ""
    return (
        f"the space {after.space} has no supernet: networks are drawn at random and trained alone "
        "(search.method: random), members from scratch (retrain.searched: retrain, "
        "retrain.grown: scratch)"
    )


def search_models(session: Session, space: Space) -> None:
    """Train random networks of the base budget alone; the best is S0.

    Scores come from the store where it knows them, and a network that was being trained when the
    run was killed goes on from its checkpoint.
    """
    folder, config = session.folder, session.config
    if folder.search.exists():
        session.console.say("search: done before")
        return
    searcher = make_searcher(config, space, num_images=len(session.data.search))
    with (
        Store(folder.store) as store,
        session.ledger.measure("search", runtime=session.runtime, name="search") as tally,
    ):
        evaluator = AloneEvaluator(
            lambda items: _train_all(session, items),
            data=session.data,
            store=store,
            runtime=session.runtime,
            settings=evaluation_settings(config, num_train=len(session.data.train)),
            recipe=recipe_for(config.search.recipe, session.data),
            seed=config.seed,
        )

        def trained(done: int, of: int) -> None:
            session.console.say(f"search: {done}/{of} trained")
            count()
            tally.keep()

        def count() -> None:
            tally.evaluations = evaluator.count.num_measured
            tally.images = evaluator.count.num_images

        try:
            while len(asked := searcher.ask()):
                session.console.say(
                    f"search: {len(asked)} networks of {space.name} at "
                    f"{format_amount(config.budgets[0], config.budget_kind)} "
                    f"{config.budget_kind}, each trained alone"
                )
                scores = evaluator.score(space.paths(asked), progress=trained)
                searcher.tell(np.array([score.accuracy for score in scores]))
        finally:
            count()
    found = searcher.result().to_json()
    found["divisors"] = [space.layout.width_divisor, space.layout.resolution_divisor]
    if session.runtime.is_main:
        write_json(folder.search, found)
        shutil.rmtree(folder.models, ignore_errors=True)
    errors = found["distribution"]["errors"]
    session.console.say(
        f"search: best of {len(found['models'])}: {1 - errors[0]:.2%} on the search split, worst "
        f"{1 - errors[-1]:.2%}; {found['num_tied']} cannot be told from the best"
    )


def make_searcher(config: Config, space: Space, *, num_images: int) -> DesignSpaceSearch:
    """Random search within the first budget."""
    return DesignSpaceSearch(
        space,
        budget=config.ladder.budgets[0],
        seed=config.seed,
        num_images=num_images,
        num_models=config.search.num_models,
    )


def _train_all(
    session: Session, items: Sequence[tuple[str, Architecture]]
) -> Iterator[tuple[str, Trained]]:
    """Train side by side, as members are; yields each network's score."""
    config = session.config
    recipe = recipe_for(config.search.recipe, session.data)
    jobs = [
        RetrainJob(
            name=key,
            architecture=architecture,
            recipe=recipe,
            seed=config.seed,
            folder=session.folder.models / key,
        )
        for key, architecture in items
    ]
    finished = retrain_all(
        jobs,
        data=session.data,
        runtime=session.runtime,
        settings=evaluation_settings(config, num_train=len(session.data.train)),
        num_workers=config.workers,
        progress=lambda name, progress: session.console.training(f"search: {name}", progress),
        should_stop=session.should_stop,
    )
    for job, made in finished:
        yield job.name, Trained(score=made.search, seconds=made.seconds, num_images=made.num_images)
        if session.runtime.is_main:
            shutil.rmtree(job.folder, ignore_errors=True)


def grow_by_rule(session: Session) -> None:
    """Scale the largest searched member to the budgets beyond it (hybrid scaling).

    Of a design space that is S0, and the rest of the ladder is beyond it.
    """
    if session.folder.growth.exists():
        session.console.say("grow: done before")
        return
    config = sizes.found(session.config, session.folder)
    base = searched_base(session.folder)
    first = num_searched(session.folder)
    budgets = (*config.ladder.budgets[first:], *config.grown)
    cost_of = latency_of(session.folder, config)
    stage = base_stage(session.folder, config)
    members = [
        member(base, config, budget, name=f"S{i}", base_stage=stage, cost_of=cost_of)
        for i, budget in enumerate(budgets, start=first)
    ]
    for each in members:
        arch = each.architecture
        session.console.say(
            f"grow: {each.name} at {format_amount(each.budget.target, config.budget_kind)} "
            f"({each.gap:+.1%}): "
            f"{base.name} by {config.grow.rule}, {arch.resolution} pixels, widths "
            f"{'-'.join(map(str, arch.widths))}, depths {'-'.join(map(str, arch.depths))}"
        )
    content = growth_json(
        config.grow.rule, members, base=base.name, stage=stage, kind=config.budget_kind
    )
    content["members"] = [entry(each, cost_of) for each in members]
    write_json(session.folder.growth, content)


def latency_of(folder: RunFolder, config: Config) -> CostOf | None:
    """Predicts seconds, where budgets are latencies."""
    return latency.table_of(folder).of if config.budget_kind == "latency" else None


def entry(grown: Member, latency_of: CostOf | None) -> dict[str, Any]:
    """A member's JSON, with its predicted latency where budgets are latencies."""
    stated = grown.to_json()
    return stated if latency_of is None else stated | {"latency": latency_of(grown.architecture)}


def num_searched(folder: RunFolder) -> int:
    """Members that were searched."""
    return len(folder.read(folder.search, stage="search")["stages"])


def base_stage(folder: RunFolder, config: Config) -> float:
    """The ladder's stage of the largest searched member, which the rule scales."""
    search = folder.read(folder.search, stage="search")
    return config.ladder.stage(search["stages"][-1]["budget"])


def searched_base(folder: RunFolder) -> Architecture:
    """The largest searched member as search.json has it."""
    search = folder.read(folder.search, stage="search")
    last = len(search["stages"]) - 1
    stated = search["stages"][last]["architecture"]
    where = f"{folder.search}:stages[{last}]"
    return Architecture.from_json(stated, where=where).renamed(f"S{last}")


def member(
    base: Architecture,
    config: Config,
    budget: Budget,
    *,
    name: str,
    base_stage: float,
    cost_of: CostOf | None = None,
) -> Member:
    """The base scaled to any budget by the run's rule."""
    return scale_to(
        base,
        rule=config.grow.rule,
        budget=budget,
        stage=config.ladder.stage(budget.target),
        name=name,
        base_stage=base_stage,
        cost_of=cost_of,
    )


def growth_json(
    rule: str,
    members: Sequence[Member],
    *,
    base: str = "S0",
    stage: float = 0.0,
    kind: str = "macs",
) -> dict[str, Any]:
    """growth.json: the rule as the compound function that it is, ratios growing with 2^j.

    Scaled from a member beyond stage 0 it is no function of the stage that passes through it, and
    none that is known where budgets do not count macs, which the rule's factor is of.
    """
    shares = rules.parse(rule)
    rates = {"depth": shares.depth, "width": shares.width / 2, "resolution": shares.resolution / 2}
    compound = {dimension: {"c": rate * math.log(2)} for dimension, rate in rates.items()}
    is_function = not stage and kind == "macs"
    return {
        "form": "compound" if is_function else None,
        "rule": rule,
        "notes": [f"scaled from {base} by the rule {rule}: nothing was fitted"] if members else [],
        "points": [{"stage": stage, "depth": 1.0, "width": 1.0, "resolution": 1.0}],
        "functions": {"compound": compound} if is_function else {},
        "leave_last_out": None,
        "members": [each.to_json() for each in members],
    }


def grow_to(folder: RunFolder, config: Config, budget: Budget) -> dict[str, Any]:
    """The base scaled to any budget by the run's rule, as `escalade grow --to` shows it."""
    name, base = f"to_{format_amount(budget.target, budget.kind)}", searched_base(folder)
    stage, cost_of = base_stage(folder, config), latency_of(folder, config)
    grown = member(base, config, budget, name=name, base_stage=stage, cost_of=cost_of)
    note = f"{base.name} scaled by the rule {config.grow.rule}; nothing was fitted"
    return entry(grown, cost_of) | {"notes": [note]}
