"""Constrained and weighted NSGA-II: a front, and members chosen of it (SCARLET, Algorithm 1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from escalade.artefacts.searched import Searched
from escalade.config.settings import SearchConfig
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.shown import percent
from escalade.core.space.path import Path, Population
from escalade.core.space.space_summary import Costs
from escalade.core.space.traits import Traits
from escalade.core.values.invalid import Invalid, within
from escalade.search.front.breeding import CROSSOVER, Roulette
from escalade.search.front.chosen import with_members
from escalade.search.front.constraints import Constraint
from escalade.search.front.controller import PPO
from escalade.search.front.front_search import NSGA2
from escalade.search.front.objectives import check_measure, parse_objectives, usual_objectives
from escalade.search.front.sizes import allowed_costs, expected_costs
from escalade.search.methods import evolutions
from escalade.search.methods.method import Method, Task
from escalade.search.operators.gene_operators import Scores
from escalade.search.protocol import Searcher

NUM_MEMBERS = 3
LEAST_POPULATION = 8
# Generations before the first children: P_0 and Q_0 of Algorithm 1.
NUM_RANDOM = 2
# Arguments of the searcher that settings call otherwise.
SETTINGS = {
    "objectives": "objectives",
    "weights": "objective_weights",
    "constraints": "constraints",
    "num_members": "members",
    "budget_kind": "objectives",
    "crossover": "crossover",
}


class Nsga2Method(Method):
    """A Pareto front of error and costs; members are chosen of it, or one for each budget."""

    brief = "chosen on a Pareto front"
    praise = "Evolved on a Pareto front (SCARLET, Algorithm 1)"
    population, generations = 70, 120
    is_front = True

    def is_made_for(self, traits: Traits) -> bool:
        return traits.has_supernet

    def follows_stages(self, traits: Traits) -> bool:
        return False

    def shares_base(self, traits: Traits) -> bool:
        return False

    def stated(self, settings: SearchConfig, *, kind: str, has_budgets: bool) -> SearchConfig:
        stated = super().stated(settings, kind=kind, has_budgets=has_budgets)
        mutates = settings.exploitation or settings.exploration
        usual = CROSSOVER if mutates else 1.0
        return replace(
            stated,
            objectives=settings.objectives or usual_objectives(kind),
            crossover=usual if settings.crossover is None else settings.crossover,
            members=None if has_budgets else settings.members or NUM_MEMBERS,
        )

    def check(self, settings: SearchConfig, *, has_budgets: bool) -> None:
        super().check(settings, has_budgets=has_budgets)
        with _as_settings():
            objectives = parse_objectives(
                settings.objectives or (), weights=settings.objective_weights
            )
            for i, objective in enumerate(objectives):
                with within("objectives", i):
                    check_measure(objective.measure)
            for i, limit in enumerate(limits(settings)):
                with within("constraints", i):
                    check_measure(limit.measure)

    def measures(self, settings: SearchConfig) -> tuple[str, ...]:
        names = [name.removeprefix("-") for name in settings.objectives or ()]
        return (*names, *(limit.measure for limit in limits(settings)))

    def num_scores(self, task: Task) -> int:
        return evolutions.num_evolved(task.settings)

    def fitted(
        self, settings: SearchConfig, *, num_scores: float, num_budgets: int
    ) -> SearchConfig:
        """Population and generations in the paper's proportions."""
        size = round((num_scores * self.population / self.generations) ** 0.5)
        size = max(min(size, self.population), LEAST_POPULATION, num_budgets)
        return replace(settings, population=size, generations=max(2, round(num_scores / size)))

    def left_undone(self, task: Task) -> list[str]:
        """P_0 and Q_0 are random; the controller has learned once from children of its own."""
        settings = task.settings
        assert settings.generations is not None
        if settings.generations <= NUM_RANDOM:
            return [
                f"{self.name} is random search here: its first {NUM_RANDOM} generations are "
                f"random, and search.generations is {settings.generations}; use more"
            ]
        if settings.exploitation and settings.generations < NUM_RANDOM + 2:
            return [
                f"the controller of {self.name} learns from children that nobody follows: "
                f"search.generations is {settings.generations}; use {NUM_RANDOM + 2} or more"
            ]
        return []

    def operators(self, settings: SearchConfig) -> str:
        mutations = [
            *(["a controller that learns (PPO)"] if settings.exploitation else []),
            *(["a roulette wheel for rare choices"] if settings.exploration else []),
        ]
        weighed = ""
        if settings.objective_weights:
            weighed = f", weighed {', '.join(f'{each:g}' for each in settings.objective_weights)}"
        limits = f" within {' and '.join(settings.constraints)}" if settings.constraints else ""
        children = "all children by crossover"
        if mutations:
            children = (
                f"{percent(settings.crossover, digits=None)} of the children by crossover, the "
                f"others mutated by {' and '.join(mutations)}"
            )
        return (
            f"NSGA-II (SCARLET, Algorithm 1) of {', '.join(settings.objectives or ())}"
            f"{weighed}{limits}: {settings.population} over {settings.generations} generations, "
            f"the first {NUM_RANDOM} random, {children}"
        )

    def searcher(self, task: Task, *, num_images: int) -> NSGA2:
        settings = task.settings
        assert settings.population is not None
        assert settings.generations is not None
        with _as_settings():
            return NSGA2(
                task.space,
                seed=task.seed,
                num_images=num_images,
                objectives=settings.objectives or (),
                weights=settings.objective_weights,
                constraints=_all_limits(task),
                population=settings.population,
                generations=settings.generations,
                crossover=settings.crossover,
                exploitation=PPO() if settings.exploitation else None,
                exploration=Roulette() if settings.exploration else None,
                num_members=settings.members or len(task.budgets),
                budgets=task.budgets,
                budget_kind=task.kind,
                identity_choices=task.space.layout.identity_choices,
            )

    def allowed(
        self, settings: SearchConfig, population: Population, scores: Scores
    ) -> npt.NDArray[np.bool_]:
        """Those that keep the limits on the score; none that breaks another is ever scored."""
        kept = super().allowed(settings, population, scores)
        for limit in limits(settings):
            if limit.is_scored:
                kept &= limit.met(1 - scores if limit.measure == "error" else scores)
        return kept

    def rechosen(self, task: Task, found: Searched, paths: Sequence[Path]) -> Searched:
        assert found.front is not None
        front = with_members(found.front, stages=found.stages, space=task.space)
        return replace(found, front=front)

    def check_feasible(self, task: Task, *, num_images: int) -> None:
        with _as_settings():
            super().check_feasible(task, num_images=num_images)

    def tell(self, searcher: Searcher, scores: Scores) -> None:
        with _as_settings():
            super().tell(searcher, scores)

    def expected(self, task: Task) -> tuple[Budget, ...]:
        """Sizes equally far apart, from the least to the most that the constraints leave."""
        if task.budgets:
            return task.budgets
        num = task.settings.members or NUM_MEMBERS
        costs = expected_costs(task.space, _all_limits(task), kind=task.kind, num=num)
        return tuple(Budget(cost, task.kind, task.tolerance) for cost in costs)

    def expected_untimed(self, task: Task) -> tuple[Budget, ...]:
        kept = [limit.text for limit in limits(task.settings) if limit.measure != "latency"]
        untimed = replace(task, kind="macs", settings=replace(task.settings, constraints=kept))
        return self.expected(untimed)

    def within_limits(self, task: Task) -> tuple[Costs, float] | None:
        if task.budgets:
            return None
        return allowed_costs(task.space, _all_limits(task), kind=task.kind)

    def missed_limits(self, settings: SearchConfig, costs: Mapping[str, float]) -> list[str]:
        on_costs = [limit for limit in limits(settings) if not limit.is_scored]
        return [
            limit.text
            for limit in on_costs
            if not limit.met(np.array([costs[limit.measure]], dtype=np.float64)).all()
        ]

    def story(self, searched: Searched, *, images: str, has_budgets: bool) -> str:
        if has_budgets or searched.front is None:
            return super().story(searched, images=images, has_budgets=has_budgets)
        return (
            f"One of {len(searched.stages)} networks chosen equispaced on the Pareto front of "
            f"{', '.join(searched.front.objectives)} (SCARLET, Algorithm 1) in the space "
            f"{searched.space}, found on {images} images with weights cut out of one supernet."
        )

    def scores_in_words(self, num: int, settings: SearchConfig) -> str:
        """What a limit on the score rejects has been scored, too."""
        by_score = [limit.text for limit in limits(settings) if limit.is_scored]
        if by_score:
            return f"{num:,} scores, and those that {' and '.join(by_score)} rejects"
        return super().scores_in_words(num, settings)


def limits(settings: SearchConfig) -> list[Constraint]:
    """The hard limits of a search.

    Raises:
        Invalid: for a text that is none.
    """
    with within("constraints"):
        return [Constraint.parse(text) for text in settings.constraints]


def _all_limits(task: Task) -> list[Constraint]:
    kept = [Constraint.at_most(kind, limit) for kind, limit in task.space.limits.items()]
    return [*limits(task.settings), *kept]


@contextmanager
def _as_settings() -> Iterator[None]:
    """Name settings, where the searcher names its arguments."""
    try:
        yield
    except Invalid as error:
        first, *others = error.path or ("",)
        if first not in SETTINGS:
            raise
        path = ("search", SETTINGS[str(first)], *others)
        raise Invalid(error.problem, path=path, remedy=error.remedy) from None
