"""MCEA, the joint search of a base and the strategies that scale it (ScaleNet)."""

from __future__ import annotations

from escalade.config.settings import SearchConfig
from escalade.core.space.traits import Traits
from escalade.search.joint.markov_chain import MCEA
from escalade.search.methods import evolutions
from escalade.search.methods.method import Method, Task
from escalade.search.protocol import Searcher


class MceaMethod(Method):
    """A base and a strategy for each budget, searched in turns."""

    needs = "searches scaling strategies, which the space {space} has none of"
    population, generations = evolutions.POPULATION, evolutions.GENERATIONS
    fresh_share = evolutions.FRESH_SHARE
    weighs_stages = True

    def is_made_for(self, traits: Traits) -> bool:
        return self.can_search(traits)

    def can_search(self, traits: Traits) -> bool:
        return traits.scales

    def num_scores(self, task: Task) -> int:
        return evolutions.num_joint(task)

    def fitted(
        self, settings: SearchConfig, *, num_scores: float, num_budgets: int
    ) -> SearchConfig:
        return evolutions.joint(settings, num_scores=num_scores, num_budgets=num_budgets)

    def left_undone(self, task: Task) -> list[str]:
        return evolutions.left_undone(task.settings, self.name)

    def operators(self, settings: SearchConfig) -> str:
        return (
            f"MCEA (ScaleNet, section 3.3): {settings.num_bases} random bases rank the first "
            f"strategies; then in {settings.rounds} rounds bases evolve "
            f"({evolutions.in_words(settings)}), and at most {settings.strategies} strategies of "
            "each stage are scored under the best"
        )

    def searcher(self, task: Task, *, num_images: int) -> Searcher:
        settings = task.settings
        return MCEA(
            task.space,
            budgets=task.budgets,
            seed=task.seed,
            num_images=num_images,
            num_bases=settings.num_bases,
            iterations=settings.rounds,
            evolution=evolutions.evolution(settings),
            strategies_per_stage=settings.strategies,
            pi=settings.stage_weights,
        )
