"""No search: members are the best of a space's bases by hand, scaled by a rule."""

from __future__ import annotations

from escalade.config.settings import SearchConfig
from escalade.core.space.traits import Traits
from escalade.search.growing.by_rule import ByRule
from escalade.search.growing.found import Growing
from escalade.search.joint.plainest import Plainest
from escalade.search.methods.method import Method, Task
from escalade.search.protocol import Searcher


class ByHandMethod(Method):
    """Nothing is searched and no supernet trained, so that members have all of a run's time.

    A short look chooses among the bases; where no rule brings them to the budgets, the members are
    the space's own plainest networks.
    """

    brief = "made by hand"
    needs = "tries the bases of a space with a supernet, which {space} is not"
    needs_supernet = False

    def is_made_for(self, traits: Traits) -> bool:
        return False

    def can_search(self, traits: Traits) -> bool:
        return traits.has_supernet

    def growing(self, traits: Traits, *, num_searched: int, function: str | None = None) -> Growing:
        return ByRule()

    def num_scores(self, task: Task) -> int:
        return 0

    def operators(self, settings: SearchConfig) -> str:
        return "none: the members are networks by hand, scaled by a rule"

    def scores_in_words(self, num: int, settings: SearchConfig) -> str:
        return "nothing is searched"

    def searcher(self, task: Task, *, num_images: int) -> Searcher:
        return Plainest(task.space, budgets=task.budgets, seed=task.seed, num_images=num_images)
