"""Random search over a design space: the networks of one budget, the best of which is kept.

Fast and Accurate Model Scaling, section 6.1: 32 random networks are enough in a space this small.
"""

from __future__ import annotations

import numpy as np

from escalade.artefacts.searched import Distribution, Searched, TrainedModel
from escalade.core.network import cost
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import generator
from escalade.core.numbers.shown import amount
from escalade.core.numbers.statistics import (
    difference_standard_error,
    empirical_distribution,
    within_standard_errors,
)
from escalade.core.scaling.ratios import Scaling
from escalade.core.space.path import IntArray, Path, Population, values
from escalade.core.space.space import Space
from escalade.search.dialogue import Dialogue, Steps
from escalade.search.notebook import Notebook
from escalade.search.problem import allowed_costs
from escalade.search.recording import searched_stage, sum_up

DRAFT = 4096
# Drafts before giving up: about 100,000 networks, a second or two.
MAX_DRAFTS = 25


class RandomModels(Dialogue):
    """Random networks of a design space inside one budget, asked for all at once.

    Args:
        budget: of the base network; larger ones come from scaling it (section 6.4).
        num_models: distinct networks; fewer only if no more are found.
    """

    def __init__(
        self,
        space: Space,
        *,
        budget: Budget,
        seed: int,
        num_images: int,
        num_models: int = 32,
    ) -> None:
        if budget.kind == "latency" and space.latency is None:
            raise ValueError("budget_kind: latency needs a table; give a space with one")
        self._space, self._budget, self._seed = space, budget, seed
        self._num_images, self._num_models = num_images, num_models
        super().__init__(self._steps_of_search(), num_genes=space.num_genes)

    def _steps_of_search(self) -> Steps[Searched]:
        rng = generator(self._seed, "search", "design")
        genomes = draw_models(self._space, budget=self._budget, num=self._num_models, rng=rng)
        notes = Notebook(self._space)
        scores = yield from notes.score(Population.unscaled(genomes))
        order = np.argsort(-scores, kind="stable")
        paths = [self._space.path(genomes[row]) for row in order]
        found = scores[order].tolist()
        errors, shares = empirical_distribution([1 - score for score in found])
        return sum_up(
            self._space,
            seed=self._seed,
            budget_kind=self._budget.kind,
            pi=(1.0,),
            stages=[
                searched_stage(
                    paths[0],
                    stage=0,
                    budget=self._budget.target,
                    gap=self._budget.gap(self._cost(paths[0])),
                    scaling=Scaling(),
                    score=found[0],
                    num_images=self._num_images,
                )
            ],
            notes=notes,
            models=tuple(self._model(p, s) for p, s in zip(paths, found, strict=True)),
            num_tied=self._num_tied(found),
            distribution=Distribution(errors=tuple(errors), shares=tuple(shares)),
        )

    def _cost(self, path: Path) -> float:
        genomes = np.array([path.genome], dtype=np.int64)
        return float(self._space.costs(Population.unscaled(genomes), self._budget.kind)[0])

    def _model(self, path: Path, score: float) -> TrainedModel:
        counts = cost.of(path.architecture)
        return TrainedModel(
            parameters=values(self._space.genes, path.genome),
            genome=path.genome,
            key=path.key,
            resolution=path.architecture.resolution,
            macs=counts.macs,
            params=counts.params,
            activations=counts.activations,
            score=score,
        )

    def _num_tied(self, scores: list[float]) -> int:
        """Networks that the best one's score cannot be told from."""
        error = difference_standard_error(scores[0], num_images=self._num_images)
        return sum(
            within_standard_errors(score, scores[0], standard_error=error, num_standard_errors=1.0)
            for score in scores
        )


def draw_models(space: Space, *, budget: Budget, num: int, rng: np.random.Generator) -> IntArray:
    """Random genomes of distinct networks inside a budget: (num, genes).

    Returns fewer, at least one, where no more are found.

    Raises:
        ValueError: if there is none, with the range of costs that was seen.
    """
    found: dict[str, IntArray] = {}
    low, high = np.inf, -np.inf
    for _ in range(MAX_DRAFTS):
        genomes = space.sample_genomes(rng, DRAFT)
        costs = allowed_costs(space, Population.unscaled(genomes), budget.kind)
        low, high = min(low, costs.min()), max(high, costs.max())
        for row in genomes[(costs >= budget.low) & (costs <= budget.high)]:
            if len(found) < num:
                found.setdefault(space.path(row).key, row)
        if len(found) == num:
            break
    if not found:
        raise ValueError(
            f"budgets[0]: no network of space {space.name} was found within "
            f"{budget.allowed}; networks range from {amount(float(low), budget.kind)} to "
            f"{amount(float(high), budget.kind)}"
        )
    return np.stack(list(found.values()))
