"""What a run over a design space would do and take; nothing is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from escalade.api import latency
from escalade.api.console import duration
from escalade.api.design import make_searcher
from escalade.api.estimate import (
    EVALUATION_SHARE,
    Estimate,
    fixed_seconds,
    num_images,
    retrain_seconds,
)
from escalade.api.plan_text import bars, data_facts, data_line
from escalade.api.session import load_images, make_runtime
from escalade.api.timing import Timing, time_members
from escalade.config import Config
from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.budget import Budget, format_amount
from escalade.core.numbers.seeds import generator
from escalade.core.scaling.hybrid import scale_to
from escalade.core.space.population import Population
from escalade.core.space.space import Space
from escalade.core.space.space_summary import histogram
from escalade.data import ImageData
from escalade.search.design_space import draw_models
from escalade.spaces import choose
from escalade.train.recipe import Recipe

NUM_GENOMES = 20_000
# Of the time that is not export; the members' training has the rest.
SEARCH_SHARE = 0.45
LEAST_EPOCHS, MOST_EPOCHS = 1.0, 200.0


@dataclass(frozen=True, kw_only=True)
class DesignPlan:
    """A checked configuration and what it means on this data and this device."""

    config: Config
    data: ImageData
    space: Space
    stage: Mapping[str, Any]
    members: tuple[Architecture, ...]
    histogram: Mapping[str, Any]
    estimate: Estimate
    timing: Timing

    def to_json(self) -> dict[str, Any]:
        """The keys of `Plan.to_json`."""
        config = self.config
        scaled = (*config.ladder.budgets[1:], *config.grown)
        return {
            "data": data_facts(self.data),
            "space": {
                "name": self.space.name,
                "size": self.space.size,
                "distinct": None,
            },
            "budget_kind": config.budget_kind,
            "stages": [dict(self.stage)],
            "grown": [budget.target for budget in scaled],
            "histogram": dict(self.histogram),
            "seconds": asdict(self.estimate) | {"total": self.estimate.total},
            "memory_bytes": self.memory,
            "latency": None if self.space.latency is None else self.space.latency.to_json(),
        }

    @property
    def memory(self) -> int:
        """Expected peak bytes of this process."""
        return self.timing.peak_memory + 2 * self.data.train.num_bytes

    def text(self, *, command: str) -> str:
        """For people, ending with the next command."""
        config, seconds, row = self.config, self.estimate, self.stage
        kind, search = config.budget_kind, config.search
        lines = [
            data_line(self.data),
            f"space   {self.space.name}: {float(self.space.size):.3g} networks of six numbers, "
            "no supernet",
            f"  S0  {format_amount(row['budget'], kind)} {kind}: networks cost "
            f"{format_amount(row['min'], kind)} to {format_amount(row['max'], kind)}, "
            f"{row['share']:.1%} of them meet it; the best of {search.num_models} random ones, "
            f"{_length(search.recipe)} each",
        ]
        scaled = (*config.ladder.budgets[1:], *config.grown)
        lines += [
            f"  S{i}  {format_amount(budget.target, kind)}: S0 scaled by {config.grow.rule}"
            for i, budget in enumerate(scaled, start=1)
        ]
        if self.space.latency is not None:
            lines += [f"latency {line}" for line in latency.describe(self.space.latency)]
        lines += [
            f"drawn   {bars(self.histogram['counts'])}, "
            f"{format_amount(self.histogram['edges'][0], kind)} to "
            f"{format_amount(self.histogram['edges'][-1], kind)} {kind}",
            f"time    about {duration(seconds.total)} here: search {duration(seconds.search)} "
            f"({seconds.evaluations} trainings), retrain {duration(seconds.retrain)} "
            f"({_length(config.retrain.recipe)}), export {duration(seconds.export)}",
            f"memory  about {self.memory / 2**30:.1f} GiB",
            f"next    {command}",
        ]
        return "\n".join(lines) + "\n"


def plan_design(config: Config) -> DesignPlan:
    """Check a configuration with a design space, and fit its schedule where hours are given.

    Raises:
        ValueError: for anything a run could not do, with what would work.
    """
    runtime = make_runtime(config)
    data, space = check_feasible(config)
    genomes = space.sample_genomes(generator(config.seed, "plan"), NUM_GENOMES)
    costs = space.costs(Population.unscaled(genomes), config.budget_kind)
    members = example_members(config, space)
    num_jobs = max(len(members), config.search.num_models)
    timing = time_members(config, members, data, runtime, num_jobs=num_jobs)
    sizes = {"num_train": len(data.train), "num_search": len(data.search)}
    if config.hours is not None and not config.fitted:
        config = fit(config, members, timing, **sizes)
    return DesignPlan(
        config=config,
        data=data,
        space=space,
        stage=_row(config.ladder.budgets[0], costs),
        members=members,
        histogram=histogram(costs),
        estimate=estimate(config, members, timing, **sizes),
        timing=timing,
    )


def check_feasible(config: Config) -> tuple[ImageData, Space]:
    """The images and the space for them, with networks enough for the first budget.

    Raises:
        ValueError: if the data, the space, a budget or a setting cannot be used.
    """
    space = choose.space_for(config.space, config.ladder)
    assert not space.traits.has_supernet
    data = load_images(config, space)
    space = space.with_data(in_channels=data.in_channels, num_classes=data.num_classes)
    space = latency.with_table(config, space, make_runtime(config))
    make_searcher(config, space, num_images=len(data.search))
    check_budget(config, space)
    return data, space


def check_budget(config: Config, space: Space) -> None:
    """Some network of the space meets the first budget.

    Raises:
        ValueError: if none does, with the range of costs.
    """
    draw_models(space, budget=config.ladder.budgets[0], num=1, rng=generator(0, "feasible"))


def example_members(config: Config, space: Space) -> tuple[Architecture, ...]:
    """Some network of the first budget, and what the rule makes of it for the others."""
    first, *rest = (*config.ladder.budgets, *config.grown)
    genomes = draw_models(space, budget=first, num=1, rng=generator(0, "timing"))
    base = space.path(genomes[0]).architecture
    loose = [Budget(budget.target, budget.kind, 0.5) for budget in rest]
    cost_of = None if space.latency is None else space.latency.of
    scaled = [
        scale_to(base, rule=config.grow.rule, budget=b, stage=0.0, cost_of=cost_of) for b in loose
    ]
    return (base, *(each.architecture for each in scaled))


def estimate(
    config: Config,
    members: tuple[Architecture, ...],
    timing: Timing,
    *,
    num_train: int,
    num_search: int,
) -> Estimate:
    """What the stages would take with these recipes."""
    macs = [cost.of(member).macs for member in members]
    scored = num_search + min(config.evaluation.recalibration_images, num_train)

    def seconds(macs: list[int], recipe: Recipe) -> float:
        images = num_images(recipe, num_train) + scored * EVALUATION_SHARE
        return retrain_seconds(macs, timing, num_images=images)

    num_models = config.search.num_models
    return Estimate(
        train=0.0,
        search=seconds([macs[0]] * num_models, config.search.recipe),
        retrain=seconds(macs, config.retrain.recipe),
        export=fixed_seconds(len(members)),
        evaluations=num_models,
    )


def fit(
    config: Config,
    members: tuple[Architecture, ...],
    timing: Timing,
    *,
    num_train: int,
    num_search: int,
) -> Config:
    """The same run with epochs that fit `config.hours`.

    Raises:
        ValueError: if the time is too short for the least schedule, saying what it takes.
    """
    assert config.hours is not None
    sizes = {"num_train": num_train, "num_search": num_search}
    least = _with_epochs(config, search=LEAST_EPOCHS, retrain=LEAST_EPOCHS)
    unit = estimate(least, members, timing, **sizes)
    seconds = config.hours * 3600 - unit.export
    search = _bounded(min(seconds * SEARCH_SHARE, seconds - unit.retrain) / unit.search)
    retrain = _bounded((seconds - search * unit.search) / unit.retrain)
    search = min(search, retrain)
    fitted = _with_epochs(config, search=search, retrain=retrain)
    needed = estimate(fitted, members, timing, **sizes).total
    if needed > 1.1 * config.hours * 3600:
        raise ValueError(
            f"hours: {config.hours:.3g} are too short here: one epoch of everything takes about "
            f"{unit.total / 3600:.2g} h; raise --hours, or use smaller budgets, fewer images or a "
            "smaller search.num_models"
        )
    return replace(fitted, fitted=True)


def _bounded(epochs: float) -> float:
    return round(min(max(epochs, LEAST_EPOCHS), MOST_EPOCHS), 2)


def _with_epochs(config: Config, *, search: float, retrain: float) -> Config:
    def recipe(old: Recipe, epochs: float) -> Recipe:
        return replace(old, epochs=epochs, steps=None)

    return replace(
        config,
        search=replace(config.search, recipe=recipe(config.search.recipe, search)),
        retrain=replace(config.retrain, recipe=recipe(config.retrain.recipe, retrain)),
    )


def _length(recipe: Recipe) -> str:
    return f"{recipe.steps} steps" if recipe.steps is not None else f"{recipe.epochs:g} epochs"


def _row(budget: Budget, costs: npt.NDArray[Any]) -> dict[str, Any]:
    inside = (costs >= budget.low) & (costs <= budget.high)
    return {
        "stage": 0,
        "budget": budget.target,
        "min": costs.min().item(),
        "max": costs.max().item(),
        "mean": float(np.mean(costs)),
        "share": float(np.mean(inside)),
    }
