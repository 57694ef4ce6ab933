"""Random networks of a space without a supernet, each trained alone; the best is scaled."""

from __future__ import annotations

from escalade.artefacts.searched import Searched
from escalade.config.settings import SearchConfig
from escalade.core.numbers.seeds import generator
from escalade.core.space.path import Population
from escalade.core.space.space import Space
from escalade.core.space.traits import Traits
from escalade.search.alone.random_models import RandomModels, draw_models
from escalade.search.methods.method import Method, Task
from escalade.search.protocol import Searcher


class ModelsMethod(Method):
    """The best of random networks of the first budget (Fast and Accurate Model Scaling, 6.1)."""

    needs_supernet = False
    needs = "trains networks alone, but the space {space} has a supernet"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.label = "random"  # as it draws them

    def is_made_for(self, traits: Traits) -> bool:
        return self.can_search(traits)

    def can_search(self, traits: Traits) -> bool:
        return not traits.has_supernet

    def shares_base(self, traits: Traits) -> bool:
        return True

    def num_scores(self, task: Task) -> int:
        return task.settings.num_models

    def num_searched(self, num_budgets: int) -> int:
        """The first budget's; the rule scales it to the others."""
        return 1

    def left_undone(self, task: Task) -> list[str]:
        if task.settings.num_models > 1:
            return []
        return ["one network is drawn (search.num_models: 1), and so none is compared; use more"]

    def operators(self, settings: SearchConfig) -> str:
        return (
            f"{settings.num_models} random networks of the first budget, each trained alone (Fast "
            "and Accurate Model Scaling, section 6.1)"
        )

    def searcher(self, task: Task, *, num_images: int) -> Searcher:
        return RandomModels(
            task.space,
            budget=task.budgets[0],
            seed=task.seed,
            num_images=num_images,
            num_models=task.settings.num_models,
        )

    def begins_with(self, task: Task, space: Space, num: int) -> list[Population]:
        rng = generator(0, "feasible")
        found = draw_models(space, budget=task.budgets[0], num=num, rng=rng)
        return [Population.unscaled(found)]

    def story(self, searched: Searched, *, images: str, has_budgets: bool) -> str:
        return (
            f"The best on the search images of {len(searched.models or ())} random networks of the "
            f"design space {searched.space} at this budget, each trained alone with a short recipe."
        )

    def scores_in_words(self, num: int, settings: SearchConfig) -> str:
        return f"{num} trainings"
