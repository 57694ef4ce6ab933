"""What a search writes down: statistics of every generation, and the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from escalade.artefacts.searched import (
    Base,
    IterationRecord,
    NumScores,
    Searched,
    SearchedStage,
    TiedStrategy,
)
from escalade.core.network import cost
from escalade.core.numbers.statistics import (
    binomial_standard_error,
    difference_standard_error,
    within_standard_errors,
)
from escalade.core.scaling.ratios import Scaling, scaling_between
from escalade.core.space.path import Path
from escalade.core.space.population import IntArray, Population
from escalade.core.space.space import Space
from escalade.search.dialogue import Steps
from escalade.search.memo import Memo
from escalade.search.operators.gene_operators import Scores
from escalade.search.problem import Problem


class GenerationLog:
    """Mean, spread and best of every generation's candidates (Fig. 6)."""

    def __init__(self) -> None:
        self.entries: list[IterationRecord] = []

    def add(
        self, scores: Scores, *, iteration: int, phase: str, stage: int | None, generation: int = 0
    ) -> None:
        self.entries.append(
            IterationRecord(
                iteration=iteration,
                phase=phase,
                stage=stage,
                generation=generation,
                mean=float(scores.mean()),
                std=float(scores.std()),
                best=float(scores.max()),
                num=len(scores),
            )
        )


def conclude(
    problem: Problem,
    memo: Memo,
    *,
    record: GenerationLog,
    seed: int,
    num_images: int,
    num_standard_errors: float,
    genomes: Sequence[IntArray],
    strategies: Sequence[IntArray],
    **more: Any,
) -> Steps[Searched]:
    """Score what is still missing of the chosen networks, one a stage, and sum up.

    In a space without scaling, members' ratios are those that they stand in to the smallest.
    `more` is what only this search writes.
    """
    chosen = Population(np.stack(genomes), np.stack(strategies))
    scores = yield from memo.score(chosen)
    paths = problem.space.paths(chosen)
    stages = []
    for stage, (path, budget) in enumerate(zip(paths, problem.budgets, strict=True)):
        genome, strategy, score = genomes[stage], strategies[stage], float(scores[stage])
        margin = num_standard_errors * difference_standard_error(score, num_images=num_images)
        scaling = problem.space.scaling(strategy)
        if not problem.scales:
            scaling = scaling_between(paths[0].architecture, path.architecture)
        made = searched_stage(
            path,
            stage=stage,
            budget=budget.target,
            gap=budget.gap(float(problem.costs(genome[None], strategy[None])[0, 0])),
            scaling=scaling,
            score=score,
            num_images=num_images,
            tied=_tied(problem, memo, genome, strategy, stage=stage, score=score, margin=margin),
        )
        stages.append(made)
    return sum_up(
        problem.space,
        seed=seed,
        budget_kind=problem.kind,
        pi=problem.weights,
        stages=stages,
        iterations=record.entries,
        evaluations=memo.counted,
        **more,
    )


def searched_stage(
    path: Path,
    *,
    stage: int,
    budget: float,
    gap: float,
    scaling: Scaling,
    score: float,
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
        standard_error=binomial_standard_error(score, num_images=num_images),
        tied=tied,
    )


def sum_up(
    space: Space,
    *,
    seed: int,
    budget_kind: str,
    pi: Sequence[float],
    stages: Sequence[SearchedStage],
    iterations: Sequence[IterationRecord],
    evaluations: NumScores,
    **more: Any,
) -> Searched:
    """The result of a search, which has no name yet; `more` is what only this search writes."""
    base = stages[0].architecture
    return Searched(
        searcher="",
        seed=seed,
        budget_kind=budget_kind,
        space=space.name,
        pi=tuple(pi),
        base=Base(
            genome=stages[0].genome,
            resolution=base.resolution,
            widths=base.widths,
            depths=base.depths,
        ),
        stages=tuple(stages),
        iterations=tuple(iterations),
        evaluations=evaluations,
        divisors=(base.rounding.width, base.rounding.resolution),
        **more,
    )


def _tied(
    problem: Problem,
    memo: Memo,
    genome: IntArray,
    strategy: IntArray,
    *,
    stage: int,
    score: float,
    margin: float,
) -> tuple[TiedStrategy, ...]:
    """The chosen strategy, then the others scored for this base and stage within the margin.

    Strategies that make the same network of this base are one; each is listed once.
    """
    listed = [strategy]
    if stage > 0:
        inside = problem.feasible(genome[None], stage=stage)[0]
        listed += list(problem.strategies(stage)[inside])
    tied: dict[str, TiedStrategy] = {}
    for triple in listed:
        known = memo.known(genome, triple)
        if known is not None and within_standard_errors(
            known, score, standard_error=margin, num_standard_errors=1.0
        ):
            tied.setdefault(memo.key(genome, triple), _tie(problem, genome, triple, known))
    return tuple(tied.values())


def _tie(problem: Problem, genome: IntArray, strategy: IntArray, score: float) -> TiedStrategy:
    scaling = problem.space.scaling(strategy)
    made = problem.space.path(genome, strategy).architecture if problem.scales else None
    return TiedStrategy(
        depth=scaling.depth,
        width=scaling.width,
        resolution=scaling.resolution,
        score=score,
        architecture=made,
    )
