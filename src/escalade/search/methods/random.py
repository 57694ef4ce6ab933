"""Random search, which any other must beat at equal scores."""

from __future__ import annotations

from escalade.config.settings import SearchConfig
from escalade.core.space.traits import Traits
from escalade.search.joint.random_search import RandomSearch
from escalade.search.methods import evolutions
from escalade.search.methods.method import Method, Task
from escalade.search.protocol import Searcher


class RandomMethod(Method):
    """The best of random networks, as many as the space's usual search scores."""

    praise = "The best of random networks"
    population, generations = evolutions.POPULATION, evolutions.GENERATIONS
    weighs_stages = True

    def is_made_for(self, traits: Traits) -> bool:
        return False

    def num_scores(self, task: Task) -> int:
        if task.space.traits.scales:
            return evolutions.num_joint(task)
        return evolutions.num_coarse(task.settings) * len(task.budgets)

    def fitted(
        self, settings: SearchConfig, *, num_scores: float, num_budgets: int
    ) -> SearchConfig:
        both = evolutions.joint(settings, num_scores=num_scores, num_budgets=num_budgets)
        return evolutions.coarse(both, num_scores=num_scores, num_budgets=num_budgets)

    def operators(self, settings: SearchConfig) -> str:
        return "random networks, as many as the usual search of the space scores"

    def searcher(self, task: Task, *, num_images: int) -> Searcher:
        return RandomSearch(
            task.space,
            budgets=task.budgets,
            seed=task.seed,
            num_images=num_images,
            num_evaluations=self.num_scores(task),
            pi=task.settings.stage_weights,
        )
