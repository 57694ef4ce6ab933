"""A search by a model of all scores, for any space with a supernet."""

from __future__ import annotations

from dataclasses import replace

from escalade.config.settings import SearchConfig
from escalade.core.space.traits import Traits
from escalade.core.values.invalid import Invalid
from escalade.search.methods.method import POSTERIOR, Method, Task
from escalade.search.protocol import Searcher
from escalade.search.surrogate.model import LEAST_SCORES
from escalade.search.surrogate.surrogate_search import SurrogateSearch

LEAST_BATCHES, MOST_BATCHES = 2, 12


class SurrogateMethod(Method):
    """Batches of networks that a model of all scores proposes; it chooses the result, too."""

    needs = "proposes paths of a supernet, which the space {space} does not have"
    praise = "Proposed and chosen by a model of all scores"
    population, generations = 32, 8
    weighs_stages = True
    chosen_by = POSTERIOR

    def is_made_for(self, traits: Traits) -> bool:
        return False

    def check(self, settings: SearchConfig, *, has_budgets: bool) -> None:
        super().check(settings, has_budgets=has_budgets)
        assert settings.population is not None
        assert settings.generations is not None
        num = settings.population * settings.generations
        if num < LEAST_SCORES or settings.generations < LEAST_BATCHES:
            raise Invalid(
                f"{settings.population} in {settings.generations} batches are too few scores for "
                "a model to propose by",
                path=("search", "population"),
                remedy=f"use {LEAST_BATCHES} batches or more (search.generations) of "
                f"{LEAST_SCORES} networks or more in all",
            )

    def num_scores(self, task: Task) -> int:
        """Each base of a batch is scored in every stage that counts."""
        settings = task.settings
        assert settings.population is not None
        assert settings.generations is not None
        return settings.population * settings.generations * _counting(task)

    def fitted(
        self, settings: SearchConfig, *, num_scores: float, num_budgets: int
    ) -> SearchConfig:
        """Batches as many as there are dozens of bases, within bounds."""
        bases = max(num_scores / num_budgets, LEAST_SCORES)
        batches = int(min(max(bases / 12, LEAST_BATCHES), MOST_BATCHES))
        size = max(round(bases / batches), LEAST_SCORES // LEAST_BATCHES)
        return replace(settings, population=size, generations=batches)

    def operators(self, settings: SearchConfig) -> str:
        return (
            f"{settings.generations} batches of {settings.population} bases that a model of all "
            "scores proposes"
        )

    def searcher(self, task: Task, *, num_images: int) -> Searcher:
        settings = task.settings
        assert settings.population is not None
        assert settings.generations is not None
        return SurrogateSearch(
            task.space,
            budgets=task.budgets,
            seed=task.seed,
            num_images=num_images,
            population=settings.population,
            generations=settings.generations,
            pi=settings.stage_weights,
        )


def _counting(task: Task) -> int:
    """Stages whose score counts: all but the base's, where there is another, or as weighed."""
    weights, num = task.settings.stage_weights, len(task.budgets)
    if weights is not None:
        return sum(weight > 0 for weight in weights)
    return max(1, num - 1) if task.space.traits.scales else num
