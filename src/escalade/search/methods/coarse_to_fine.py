"""Coarse-to-fine selection for each budget, from a single-stage model (BigNAS, section 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from escalade.artefacts.searched import Searched
from escalade.config.settings import SearchConfig
from escalade.core.space.path import Path
from escalade.core.space.traits import Traits
from escalade.search.coarse.grid_search import CoarseToFine
from escalade.search.methods import evolutions
from escalade.search.methods.method import Method, Task


class CoarseToFineMethod(Method):
    """The best of a coarse grid, varied."""

    needs = "needs choices per layer that rise, which the space {space} does not have"
    elsewhere = ", or --space bignas_small"
    brief = "selected coarse to fine, one for each budget,"
    praise = "Selected coarse to fine (BigNAS, section 3.2)"
    fresh_share = evolutions.FRESH_SHARE

    def is_made_for(self, traits: Traits) -> bool:
        return self.can_search(traits)

    def can_search(self, traits: Traits) -> bool:
        return traits.has_supernet and traits.rises

    def num_scores(self, task: Task) -> int:
        return evolutions.num_coarse(task.settings) * len(task.budgets)

    def fitted(
        self, settings: SearchConfig, *, num_scores: float, num_budgets: int
    ) -> SearchConfig:
        return evolutions.coarse(settings, num_scores=num_scores, num_budgets=num_budgets)

    def left_undone(self, task: Task) -> list[str]:
        """A budget that one network of the grid meets leaves nothing to compare (section 4.4)."""
        searcher = self.searcher(task, num_images=1)
        told = []
        for budget, num in zip(task.budgets, searcher.num_compared, strict=True):
            if num == 1:
                told.append(
                    f"{self.name} compares no grid at {budget}, but varies one of its "
                    f"{searcher.num_skeletons} networks; another budget, a larger tolerance or "
                    "search.num_skeletons may leave more"
                )
        return told

    def operators(self, settings: SearchConfig) -> str:
        return (
            "coarse to fine (BigNAS, section 4.4): for each budget at most "
            f"{settings.num_skeletons} networks of a grid of resolutions, depths, widths and "
            f"kernels, then {settings.num_variations} variations of the best"
        )

    def searcher(self, task: Task, *, num_images: int) -> CoarseToFine:
        return CoarseToFine(
            task.space,
            budgets=task.budgets,
            seed=task.seed,
            num_images=num_images,
            num_skeletons=task.settings.num_skeletons,
            num_variations=task.settings.num_variations,
        )

    def rechosen(self, task: Task, found: Searched, paths: Sequence[Path]) -> Searched:
        """With the scores of the networks chosen in the end."""
        pairs = zip(found.selections or (), found.stages, strict=True)
        selections = tuple(replace(each, fine_score=stage.accuracy) for each, stage in pairs)
        return replace(found, selections=selections)

    def check_feasible(self, task: Task, *, num_images: int) -> None:
        """Whether variations walk into a budget that no skeleton meets: no score decides that."""
        if task.space.limits:
            self.check_networks(task)
        searcher = self.searcher(task, num_images=num_images)
        searcher.tell(np.zeros(len(searcher.ask())))
