"""What a search is to everybody else: its checks, its searcher, its growth and its words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from escalade.artefacts.searched import Searched
from escalade.config.settings import SearchConfig
from escalade.core.numbers.budget import Budget
from escalade.core.space.path import Path, Population
from escalade.core.space.space import Space
from escalade.core.space.space_summary import Costs
from escalade.core.space.traits import Traits
from escalade.core.values.invalid import Invalid
from escalade.search.growing.by_law import GreedyGrowth, LeastErrorGrowth
from escalade.search.growing.by_rule import ByRule
from escalade.search.growing.fitted import Fitted
from escalade.search.growing.found import Ends, Growing
from escalade.search.operators.first_networks import check_networks, first_networks
from escalade.search.operators.gene_operators import Scores
from escalade.search.problem import Problem
from escalade.search.protocol import Searcher
from escalade.search.surrogate.choosing import Choice, Chosen

# Settings of the search for a front alone, with what they are elsewhere.
OF_FRONT = {
    "objectives": None,
    "objective_weights": None,
    "crossover": None,
    "exploitation": True,
    "exploration": True,
}


# Growth by all scores, as `grow.function` names it.
LAWS = {"law": LeastErrorGrowth, "greedy": GreedyGrowth}
# What the networks of a search are chosen by (`search.chosen_by`).
SCORE, POSTERIOR = "score", "posterior"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is searched, and how.

    Attributes:
        space: with the data's channels and classes, and its latency table where that is needed.
        settings: of the search, as `Method.stated` completes them.
        budgets: one a member; none where the search chooses their sizes.
        kind: what budgets count, and members rise in.
        tolerance: of budgets, on both sides.
    """

    space: Space
    settings: SearchConfig
    budgets: tuple[Budget, ...]
    kind: str
    tolerance: float
    seed: int


class Method(ABC):
    """One way to search.

    Attributes:
        name: as `search.method` has it.
        label: as search.json has it.
        brief: how searched members were found, in a sentence of the report.
        needs: for a space without it, what it searches.
        elsewhere: in such a message, which space has it.
        praise: of a searched member, on its card.
        population, generations: of its evolution, if nobody says otherwise; None without one.
        weighs_stages: it weighs budgets against each other.
        is_front: members are chosen of a front, of any size where there are no budgets.
        fresh_share: of the scores that it may ask for, those that it has not had before.
        chosen_by: what its networks are chosen by, if nobody says otherwise.
        needs_supernet: it scores slices of one; else nothing, or networks that are trained alone.
    """

    needs = ""
    elsewhere = ""
    praise = ""
    brief = "searched jointly"
    population: int | None = None
    generations: int | None = None
    weighs_stages = False
    is_front = False
    fresh_share = 1.0
    chosen_by = SCORE
    needs_supernet = True

    def __init__(self, name: str) -> None:
        self.name = self.label = name

    @abstractmethod
    def is_made_for(self, traits: Traits) -> bool:
        """Whether it is the usual search of such spaces, if no earlier one is."""

    def can_search(self, traits: Traits) -> bool:
        """Whether such spaces have what it searches."""
        return traits.has_supernet

    # Settings

    def stated(self, settings: SearchConfig, *, kind: str, has_budgets: bool) -> SearchConfig:
        """The settings with what follows from the method where nothing is said."""
        return replace(
            settings,
            method=self.name,
            population=settings.population or self.population,
            generations=settings.generations or self.generations,
            chosen_by=settings.chosen_by or self.chosen_by,
        )

    def check(self, settings: SearchConfig, *, has_budgets: bool) -> None:
        """Refuse settings that it has no use for.

        Raises:
            Invalid: at the setting's path.
        """
        if settings.stage_weights is not None and not self.weighs_stages:
            raise Invalid(
                f"{self.name} does not weigh budgets against each other",
                path=("search", "stage_weights"),
                remedy="leave it out",
            )
        if settings.finalists and not has_budgets:
            raise Invalid(
                f"{settings.finalists} are chosen for each budget, and there are no budgets",
                path=("search", "finalists"),
                remedy="give budgets, or use 0",
            )
        if self.is_front:
            return
        if not has_budgets:
            problem = f"{self.name} needs a ladder, such as --budgets 1M,2M,4M"
            raise Invalid(problem, path=("budgets",), remedy="nsga2 does without")
        if settings.constraints:
            raise Invalid(
                f"{self.name} takes no constraints but budgets",
                path=("search", "constraints"),
                remedy="use search.method nsga2, or none",
            )
        for setting, usual in OF_FRONT.items():
            if getattr(settings, setting) != usual:
                raise Invalid(
                    f"has no effect: {self.name} has one objective",
                    path=("search", setting),
                    remedy="use search.method nsga2, or leave it out",
                )

    def measures(self, settings: SearchConfig) -> tuple[str, ...]:
        """What it measures of networks, beside what budgets count."""
        return ()

    @abstractmethod
    def num_scores(self, task: Task) -> int:
        """Scores that it asks for at most."""

    def fitted(
        self, settings: SearchConfig, *, num_scores: float, num_budgets: int
    ) -> SearchConfig:
        """The settings for about so many scores."""
        return settings

    def left_undone(self, task: Task) -> list[str]:
        """What of the search its settings leave no room for, a sentence each.

        A search that is too short to do what it is named after goes on as what it then is, random
        search mostly, and says so before it begins.
        """
        return []

    # The search

    @abstractmethod
    def searcher(self, task: Task, *, num_images: int) -> Searcher:
        """A new searcher, whose scores are measured on so many images.

        Raises:
            Invalid: for settings, budgets or limits that cannot be met.
        """

    def begin(self, task: Task, *, num_images: int) -> Searcher:
        """A new searcher that chooses as settings say: by scores, or by a model of all of them.

        Members of a front without budgets are chosen as ever: there is nothing to meet.

        Raises:
            Invalid: as for `searcher`.
        """
        inner = self.searcher(task, num_images=num_images)
        if task.settings.chosen_by == SCORE or not task.budgets:
            return inner
        return Chosen(inner, choice=self.choice(task, num_images=num_images))

    def choice(self, task: Task, *, num_images: int) -> Choice:
        """How its networks are chosen by a model of all scores, for a task with budgets."""
        joint = self._is_joint(task)
        return Choice(
            problem=self._problem(task, joint=joint),
            joint=joint,
            num_images=num_images,
            allowed=lambda population, scores: self.allowed(task.settings, population, scores),
            rechosen=lambda found, paths: self.rechosen(task, found, paths),
        )

    def allowed(
        self, settings: SearchConfig, population: Population, scores: Scores
    ) -> npt.NDArray[np.bool_]:
        """Which scored networks it may choose."""
        return np.ones(len(population), dtype=np.bool_)

    def rechosen(self, task: Task, found: Searched, paths: Sequence[Path]) -> Searched:
        """A result whose stages have been chosen anew, with what else depends on them."""
        return found

    def _problem(self, task: Task, *, joint: bool) -> Problem:
        """The budgets that are searched; weighed as the search does where it weighs them."""
        num = self.num_searched(len(task.budgets))
        budgets = task.budgets[:num]
        pi = task.settings.stage_weights if self.weighs_stages else None
        if joint:
            return Problem.of(task.space, budgets=budgets, pi=pi)
        return Problem(space=task.space, budgets=budgets, weights=(1 / num,) * num)

    def check_feasible(self, task: Task, *, num_images: int) -> None:
        """Whether it can begin; no score is needed to tell.

        Raises:
            Invalid: for settings, budgets or limits that cannot be met.
        """
        searcher = self.searcher(task, num_images=num_images)
        self.check_networks(task)
        searcher.ask()

    def check_networks(self, task: Task) -> None:
        """Whether every budget that is searched has a network that keeps all limits.

        Raises:
            ValueError: if one has none, with the range of what is at fault.
        """
        if task.budgets:
            budgets = task.budgets[: self.num_searched(len(task.budgets))]
            check_networks(task.space, budgets=budgets, draw=partial(self.begins_with, task))

    def begins_with(self, task: Task, space: Space, num: int) -> list[Population]:
        """Networks of every budget that is searched, as a search begins with."""
        joint = self._is_joint(task)
        problem = self._problem(replace(task, space=space), joint=joint)
        staged = self.follows_stages(task.space.traits)
        return first_networks(problem, num, joint=joint, staged=staged)

    def _is_joint(self, task: Task) -> bool:
        """Whether one base is searched for all budgets."""
        traits = task.space.traits
        return self.follows_stages(traits) and self.shares_base(traits) and traits.scales

    def tell(self, searcher: Searcher, scores: Scores) -> None:
        """Tell a searcher the scores of what it asked.

        Raises:
            Invalid: at the path of a setting with which it cannot go on.
        """
        searcher.tell(scores)

    def result(self, searcher: Searcher) -> Searched:
        """What a searcher found, under the method's name."""
        return replace(searcher.result(), searcher=self.label)

    # Members

    def num_searched(self, num_budgets: int) -> int:
        """Members that are searched; what is beyond them grows."""
        return num_budgets

    def expected(self, task: Task) -> tuple[Budget, ...]:
        """Budgets that searched members may come to have."""
        return task.budgets

    def expected_untimed(self, task: Task) -> tuple[Budget, ...]:
        """The same in macs, while no latency is known yet."""
        return task.budgets

    def within_limits(self, task: Task) -> tuple[Costs, float] | None:
        """Costs of paths that its limits allow, and their share; None where budgets decide."""
        return None

    def follows_stages(self, traits: Traits) -> bool:
        """Whether the network of a budget is of the budget's scaling stage."""
        return traits.scales

    def shares_base(self, traits: Traits) -> bool:
        """Whether members are one base, scaled."""
        return traits.scales

    def growing(self, traits: Traits, *, num_searched: int, function: str | None = None) -> Growing:
        """How larger members follow from the searched ones.

        Args:
            function: `grow.function`; a law of all scores grows also where nothing else does.
        """
        usual = self._usual_growing(traits, num_searched=num_searched)
        law = LAWS.get(function or "")
        if law is None:
            return usual
        return law(usual, shares_base=self.follows_stages(traits) and self.shares_base(traits))

    def _usual_growing(self, traits: Traits, *, num_searched: int) -> Growing:
        """Through the searched members alone."""
        if not self.follows_stages(traits):
            return ByRule()
        if num_searched == 1:
            return Ends("one budget only: there is no growth to fit")
        if not self.shares_base(traits):
            return Ends(f"{self.name} searches share no base: there is no growth to fit")
        return Fitted()

    # Words

    def has_story(self, traits: Traits) -> bool:
        """Whether a searched member is more than the stage of a base that is scaled."""
        return not (self.follows_stages(traits) and self.shares_base(traits))

    def missed_limits(self, settings: SearchConfig, costs: Mapping[str, float]) -> list[str]:
        """Limits on costs that a network does not keep, in words."""
        return []

    def story(self, searched: Searched, *, images: str, has_budgets: bool) -> str:
        """A sentence for the card of a searched member that has a story.

        Args:
            images: which scored: search or training.
            has_budgets: whether sizes were given.
        """
        return (
            f"{self.praise} in the space {searched.space} for this budget: the best found on "
            f"{images} images with weights cut out of one supernet."
        )

    def operators(self, settings: SearchConfig) -> str:
        """What it does, a sentence without a full stop; the settings are stated."""
        return self.praise

    def scores_in_words(self, num: int, settings: SearchConfig) -> str:
        """How many scores a search takes."""
        return f"{num:,} scores at most"
