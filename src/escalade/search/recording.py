"""What a search found, as search.json has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from escalade.artefacts.searched import Base, Searched, SearchedStage, TiedStrategy
from escalade.core.network import cost
from escalade.core.numbers.statistics import binomial_standard_error
from escalade.core.scaling.ratios import Scaling
from escalade.core.space.path import Path
from escalade.core.space.space import Space
from escalade.search.notebook import Notebook


def searched_stage(
    path: Path,
    *,
    stage: int,
    budget: float,
    gap: float,
    scaling: Scaling,
    score: float | None,
    num_images: int,
    tied: tuple[TiedStrategy, ...] = (),
) -> SearchedStage:
    """A path as the network of a stage; `num_images` were scored on."""
    counts = cost.of(path.architecture)
    return SearchedStage(
        stage=stage,
        budget=budget,
        scaling=scaling,
        strategy=path.strategy,
        genome=path.genome,
        architecture=path.architecture,
        runs=path.runs,
        macs=counts.macs,
        params=counts.params,
        activations=counts.activations,
        gap=gap,
        score=score,
        standard_error=None
        if score is None
        else binomial_standard_error(score, num_images=num_images),
        tied=tied,
    )


def sum_up(
    space: Space,
    *,
    seed: int,
    budget_kind: str,
    pi: Sequence[float],
    stages: Sequence[SearchedStage],
    notes: Notebook,
    **more: Any,
) -> Searched:
    """The result of a search, which has no name yet; `more` is what only this search writes."""
    rounding = stages[0].architecture.rounding
    return Searched(
        searcher="",
        seed=seed,
        budget_kind=budget_kind,
        space=space.name,
        pi=tuple(pi),
        base=Base.of(stages[0]),
        stages=tuple(stages),
        iterations=tuple(notes.generations),
        evaluations=notes.counted,
        divisors=(rounding.width, rounding.resolution),
        **more,
    )
