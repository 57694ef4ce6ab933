"""What an audit trains, and what it makes of the accuracies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from escalade.artefacts.audited import Audited, AuditedBudget, AuditedNetwork
from escalade.artefacts.searched import Searched
from escalade.core.network import cost
from escalade.core.numbers.agreement import Agreement, agreement, stratified
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.regression import Floats
from escalade.core.numbers.seeds import generator
from escalade.core.space.path import Path, Population
from escalade.core.space.space import Space
from escalade.evaluate.score import Score

LEAST_NETWORKS = 5
DIGITS_OF_KEY = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """A scored network of a sample."""

    name: str
    path: Path
    score: float
    worth: float | None
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Some of the networks of one budget, best score first, out of `num_scored`.

    `ratio` is that of the budget to the smallest.
    """

    name: str
    budget: Budget
    ratio: float
    num_scored: int
    networks: tuple[Sampled, ...]


def samples(
    space: Space,
    *,
    searched: Searched,
    budgets: Sequence[Budget],
    population: Population,
    scores: Floats,
    worth: Floats | None,
    num: int,
    seed: int,
) -> tuple[list[Sample], list[str]]:
    """A stratified sample of each budget's scored networks, and why a budget has none.

    The search's own choice is among them, in the place of the best by score.

    Args:
        population: every scored path, with its score and what the model holds it to be worth.
        scores, worth: (n,).
        num: networks of a budget.
    """
    costs = space.costs(population, budgets[0].kind)
    made, left_out = [], []
    for stage, budget in zip(searched.stages, budgets, strict=True):
        inside = np.flatnonzero((costs >= budget.low) & (costs <= budget.high))
        if len(inside) < LEAST_NETWORKS:
            left_out.append(f"{stage.name} at {budget} has {len(inside)}")
            continue
        rng = generator(seed, "audit", stage.stage)
        rows = inside[stratified(scores[inside], num=num, rng=rng)]
        own = (stage.genome, stage.strategy)
        paths = space.paths(population[rows])
        key = space.path(*own).key
        if key not in [path.key for path in paths]:
            chosen = np.flatnonzero(
                (population.genomes == np.array(stage.genome)).all(axis=1)
                & (population.strategies == np.array(stage.strategy)).all(axis=1)
            )
            rows[0] = chosen[0] if len(chosen) else rows[0]
            paths = space.paths(population[rows])
        networks = {
            path.key: Sampled(
                name=path.key[:DIGITS_OF_KEY],
                path=path,
                score=float(scores[row]),
                worth=None if worth is None else float(worth[row]),
                chosen=path.key == key,
            )
            for row, path in zip(rows, paths, strict=True)
        }
        ordered = tuple(sorted(networks.values(), key=lambda one: (-one.score, one.name)))
        made.append(
            Sample(
                name=stage.name,
                budget=budget,
                ratio=budget.target / budgets[0].target,
                num_scored=len(inside),
                networks=ordered,
            )
        )
    return made, left_out


def audited(
    sampled: Sequence[Sample],
    *,
    left_out: Sequence[str],
    budget_kind: str,
    weights: str,
    num_steps: Sequence[int],
    trained: Callable[[Sample, Sampled], Score],
    seed: int,
    by_hand: str = "",
) -> Audited:
    """What the accuracies of the trained networks say of the scores.

    Args:
        sampled: by budget.
        left_out: budgets without enough networks.
        weights: how the networks were trained.
        num_steps: of a training, by budget.
        trained: what a network reached.
        by_hand: what the members are, where that is not what these scores chose.
    """
    pairs = zip(sampled, num_steps, strict=True)
    budgets = tuple(_audited(each, num, trained, seed) for each, num in pairs)
    verdict = _sentence([each.by_score for each in budgets], sampled)
    return Audited(
        budget_kind=budget_kind,
        weights=weights,
        budgets=budgets,
        left_out=tuple(left_out),
        sentence=f"{verdict} {by_hand}." if by_hand else verdict,
    )


def _audited(
    sample: Sample, num_steps: int, trained: Callable[[Sample, Sampled], Score], seed: int
) -> AuditedBudget:
    reached = [trained(sample, one) for one in sample.networks]
    accuracies = np.array([score.accuracy for score in reached])
    noise = np.array([score.standard_error for score in reached])

    def compared(values: list[float]) -> Agreement:
        rng = generator(seed, "audit", sample.name, "intervals")
        return agreement(np.array(values), trained=accuracies, noise=noise, rng=rng)

    worth = [one.worth for one in sample.networks if one.worth is not None]
    return AuditedBudget(
        name=sample.name,
        budget=sample.budget.target,
        num_scored=sample.num_scored,
        num_steps=num_steps,
        networks=tuple(
            AuditedNetwork(
                name=one.name,
                genome=one.path.genome,
                strategy=one.path.strategy,
                macs=cost.of(one.path.architecture).macs,
                resolution=one.path.architecture.resolution,
                score=one.score,
                worth=one.worth,
                trained=score.accuracy,
                standard_error=score.standard_error,
                chosen=one.chosen,
            )
            for one, score in zip(sample.networks, reached, strict=True)
        ),
        by_score=compared([one.score for one in sample.networks]),
        by_worth=compared(worth) if len(worth) == len(sample.networks) else None,
    )


def _sentence(found: Sequence[Agreement], sampled: Sequence[Sample]) -> str:
    """The verdict, with the numbers that it rests on."""
    known = [each for each in found if each.kendall is not None and each.kendall_interval]
    num = sum(len(sample.networks) for sample in sampled)
    regret = 100 * float(np.mean([each.regret for each in found]))
    blind = 100 * float(np.mean([each.blind for each in found]))
    costs = (
        f"a choice by them lacks {regret:.1f} points of the best of the sample, one at random "
        f"{blind:.1f}"
    )
    if not known:
        return (
            f"The scores of {num} networks, or their trainings, are all the same, so that {costs}."
        )
    kendall = float(np.mean([each.kendall for each in known if each.kendall is not None]))
    lows = [each.kendall_interval[0] for each in known if each.kendall_interval]
    if min(lows) > 0:
        verdict = "can be trusted"
    elif max(lows) > 0:
        verdict = "can be trusted at some budgets only"
    else:
        verdict = "cannot be told from chance"
    return (
        f"The scores of this search {verdict}: within a budget they rank {num} networks trained "
        f"as members are with a mean Kendall of {kendall:.2f}, and {costs}."
    )
