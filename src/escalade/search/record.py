"""Book-keeping shared by the searches: generations' statistics, and the final result."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from escalade.core.network import cost
from escalade.core.network.architecture import Architecture
from escalade.core.numbers.statistics import (
    binomial_standard_error,
    difference_standard_error,
    within_standard_errors,
)
from escalade.core.scaling.ratios import scaling_between
from escalade.core.space.population import IntArray, Population
from escalade.search.dialogue import Steps
from escalade.search.memo import Memo
from escalade.search.operators import Scores
from escalade.search.problem import Problem
from escalade.search.result import IterationRecord, SearchResult, StageResult, Tied


class Record:
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
    record: Record,
    searcher: str,
    seed: int,
    num_images: int,
    num_standard_errors: float,
    genomes: Sequence[IntArray],
    strategies: Sequence[IntArray],
) -> Steps[SearchResult]:
    """Score what is still missing of the chosen networks, one a stage, and sum up.

    In a space without scaling, members' ratios are those that they stand in to the smallest.
    """
    chosen = Population(np.stack(genomes), np.stack(strategies))
    scores = yield from memo.score(chosen)
    smallest = problem.space.path(genomes[0], strategies[0]).architecture
    stages = tuple(
        _stage(
            problem, memo, stage=stage, genome=genomes[stage], strategy=strategies[stage],
            smallest=smallest, score=float(scores[stage]), num_images=num_images,
            num_standard_errors=num_standard_errors,
        )
        for stage in range(problem.num_stages)
    )  # fmt: skip
    return SearchResult(
        searcher=searcher,
        seed=seed,
        budget_kind=problem.kind,
        space=problem.space.name,
        weights=problem.weights,
        stages=stages,
        iterations=tuple(record.entries),
        asked=memo.asked,
        distinct=memo.distinct,
    )


def _stage(
    problem: Problem,
    memo: Memo,
    *,
    stage: int,
    genome: IntArray,
    strategy: IntArray,
    smallest: Architecture,
    score: float,
    num_images: int,
    num_standard_errors: float,
) -> StageResult:
    path = problem.space.path(genome, strategy)
    counts = cost.of(path.architecture)
    scaling = (
        problem.space.scaling(strategy)
        if problem.scales
        else scaling_between(smallest, path.architecture)
    )
    value = float(problem.costs(genome[None], strategy[None])[0, 0])
    tied = _tied(
        problem, memo, stage=stage, genome=genome, strategy=strategy, score=score,
        margin=num_standard_errors * difference_standard_error(score, num_images=num_images),
    )  # fmt: skip
    return StageResult(
        stage=stage,
        budget=problem.budgets[stage].target,
        genome=path.genome,
        strategy=path.strategy,
        scaling=scaling,
        architecture=path.architecture,
        macs=counts.macs,
        params=counts.params,
        activations=counts.activations,
        gap=problem.budgets[stage].gap(value),
        score=score,
        standard_error=binomial_standard_error(score, num_images=num_images),
        tied=tied,
        runs=path.runs,
    )


def _tied(
    problem: Problem,
    memo: Memo,
    *,
    stage: int,
    genome: IntArray,
    strategy: IntArray,
    score: float,
    margin: float,
) -> tuple[Tied, ...]:
    """The chosen strategy, then the others scored for this base and stage within the margin.

    Strategies that make the same network of this base are one; each is listed once.
    """
    listed = [strategy]
    if stage > 0:
        inside = problem.feasible(genome[None], stage=stage)[0]
        listed += list(problem.strategies(stage)[inside])
    tied: dict[str, Tied] = {}
    for triple in listed:
        known = memo.known(genome, triple)
        if known is not None and within_standard_errors(
            known, score, standard_error=margin, num_standard_errors=1.0
        ):
            scaling = problem.space.scaling(triple)
            tied.setdefault(memo.key(genome, triple), Tied(scaling=scaling, score=known))
    return tuple(tied.values())
