"""An evolution for every budget: the paper's baseline without a shared base."""

from __future__ import annotations

from escalade.config.settings import SearchConfig
from escalade.core.space.traits import Traits
from escalade.search.joint.independent_search import IndependentSearch
from escalade.search.methods import evolutions
from escalade.search.methods.method import Method, Task
from escalade.search.protocol import Searcher


class IndependentMethod(Method):
    """Each budget's network is evolved for itself."""

    brief = "searched for each budget alone"
    praise = "Evolved"
    population, generations = evolutions.POPULATION, evolutions.GENERATIONS
    fresh_share = evolutions.FRESH_SHARE

    def is_made_for(self, traits: Traits) -> bool:
        return False

    def shares_base(self, traits: Traits) -> bool:
        return False

    def num_scores(self, task: Task) -> int:
        if task.space.traits.scales:
            return evolutions.num_joint(task)
        return evolutions.num_evolved(task.settings) * len(task.budgets)

    def fitted(
        self, settings: SearchConfig, *, num_scores: float, num_budgets: int
    ) -> SearchConfig:
        return evolutions.joint(settings, num_scores=num_scores, num_budgets=num_budgets)

    def left_undone(self, task: Task) -> list[str]:
        return evolutions.left_undone(task.settings, self.name)

    def operators(self, settings: SearchConfig) -> str:
        return f"an evolution for each budget by itself: {evolutions.in_words(settings)}"

    def searcher(self, task: Task, *, num_images: int) -> Searcher:
        return IndependentSearch(
            task.space,
            budgets=task.budgets,
            seed=task.seed,
            num_images=num_images,
            evolution=evolutions.evolution(task.settings),
        )
