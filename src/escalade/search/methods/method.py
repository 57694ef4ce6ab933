"""What a search is to everybody else: its checks, its searcher, its growth and its words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

from escalade.artefacts.searched import Searched
from escalade.config.settings import SearchConfig
from escalade.core.numbers.budget import Budget
from escalade.core.space.space import Space
from escalade.core.space.traits import Traits
from escalade.core.values.invalid import Invalid
from escalade.search.growing.by_rule import ByRule
from escalade.search.growing.ends import Ends
from escalade.search.growing.fitted import Fitted
from escalade.search.growing.found import Growing
from escalade.search.protocol import Searcher

# Settings of the search for a front alone, with what they are elsewhere.
OF_FRONT = {
    "objectives": None,
    "objective_weights": None,
    "crossover": None,
    "exploitation": True,
    "exploration": True,
}
# A front asks for each network once; evolutions come back to many that they know.
REPEATING_SHARE = 0.7


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is searched, and how.

    Attributes:
        space: with the data's channels and classes, and its latency table where that is needed.
        settings: of the search, as `Method.stated` completes them.
        budgets: one a member; none where the search chooses their sizes.
        kind: what budgets count, and members rise in.
        seed: of every random choice.
    """

    space: Space
    settings: SearchConfig
    budgets: tuple[Budget, ...]
    kind: str
    seed: int


class Method(ABC):
    """One way to search.

    Attributes:
        name: as `search.method` has it.
        needs: what it searches, for a space that has none of it.
        elsewhere: which space has it.
        population, generations: of its evolution, if nobody says otherwise; None without one.
        weighs_stages: it weighs budgets against each other.
        is_front: members are chosen of a front, of any size where there are no budgets.
        fresh_share: of the scores that it may ask for, those that it has not had before.
    """

    needs = ""
    elsewhere = ""
    population: int | None = 64
    generations: int | None = 40
    weighs_stages = False
    is_front = False
    fresh_share = REPEATING_SHARE

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def is_made_for(self, traits: Traits) -> bool:
        """Whether it is the usual search of such spaces."""

    @abstractmethod
    def searcher(self, task: Task, *, num_images: int) -> Searcher:
        """A new searcher, whose scores are measured on so many images.

        Raises:
            Invalid: for settings, budgets or limits that cannot be met.
        """

    @abstractmethod
    def num_scores(self, task: Task) -> int:
        """Scores that it asks for at most."""

    @abstractmethod
    def fitted(
        self, settings: SearchConfig, *, num_scores: float, num_budgets: int
    ) -> SearchConfig:
        """The settings for about so many scores."""

    def can_search(self, traits: Traits) -> bool:
        """Whether such spaces have what it searches."""
        return traits.has_supernet

    def stated(self, settings: SearchConfig, *, kind: str, has_budgets: bool) -> SearchConfig:
        """The settings with what follows from the method where nothing is said."""
        return replace(
            settings,
            method=self.name,
            population=settings.population or self.population,
            generations=settings.generations or self.generations,
        )

    def check(self, settings: SearchConfig, *, has_budgets: bool) -> None:
        """Refuse settings that it has no use for.

        Raises:
            Invalid: at the setting's path.
        """
        if not has_budgets:
            problem = f"{self.name} needs a ladder, such as --budgets 1M,2M,4M"
            raise Invalid(problem, path=("budgets",), remedy="nsga2 does without")
        if settings.constraints:
            problem, remedy = "keeps budgets only", "use search.method nsga2, or none"
            self._refuse("constraints", problem, remedy=remedy)
        for name, usual in OF_FRONT.items():
            if getattr(settings, name) != usual:
                problem = f"says nothing to {self.name}, which has one objective"
                raise Invalid(
                    problem,
                    path=("search", name),
                    remedy="use search.method nsga2, or leave it out",
                )
        self.check_weights(settings)

    def check_weights(self, settings: SearchConfig) -> None:
        """Refuse weights of budgets where it weighs none.

        Raises:
            Invalid: at the setting's path.
        """
        if settings.stage_weights is not None and not self.weighs_stages:
            problem = "weighs no budgets against each other"
            self._refuse("stage_weights", problem, remedy="leave it out")

    def _refuse(self, name: str, problem: str, *, remedy: str) -> None:
        raise Invalid(f"{self.name} {problem}", path=("search", name), remedy=remedy)

    def check_feasible(self, task: Task, *, num_images: int) -> None:
        """Whether it can begin, without a score.

        Raises:
            Invalid: for settings, budgets or limits that cannot be met.
        """
        self.searcher(task, num_images=num_images)

    def expected(self, task: Task) -> tuple[Budget, ...]:
        """Budgets that members may come to have."""
        return task.budgets

    def follows_stages(self, traits: Traits) -> bool:
        """Whether the network of a budget is of the budget's scaling stage."""
        return traits.scales

    def shares_base(self, traits: Traits) -> bool:
        """Whether searched members are one base, scaled."""
        return traits.scales

    def growing(self, traits: Traits, *, num_searched: int) -> Growing:
        """How larger members follow from the searched ones."""
        if not self.follows_stages(traits):
            return ByRule()
        if num_searched == 1:
            return Ends("one budget only: there is no growth to fit")
        if not self.shares_base(traits):
            return Ends(f"{self.name} searches share no base: there is no growth to fit")
        return Fitted()

    def found_how(self, searched: Searched, *, images: str, has_budgets: bool) -> str:
        """A sentence for a searched member's card; empty where members are one base, scaled."""
        return (
            f"{self.praise} in the space {searched.space} for this budget: the best found on "
            f"{images} images with weights cut out of one supernet."
        )

    praise = ""

    def scores_in_words(self, num: int, settings: SearchConfig) -> str:
        """How many scores a search takes."""
        return f"{num:,} scores at most"


def each_alone(num_each: int, budgets: Sequence[Budget]) -> int:
    """Scores of searches that answer every budget for itself."""
    return num_each * len(budgets)
