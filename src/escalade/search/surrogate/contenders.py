"""Which networks of a search may be the best, as far as its scores tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from escalade.artefacts.searched import Searched, SearchedStage
from escalade.core.numbers.regression import Floats
from escalade.core.numbers.seeds import generator
from escalade.core.space.path import Population
from escalade.search.notebook import Notebook
from escalade.search.surrogate.choosing import Choice
from escalade.search.surrogate.model import Surrogate

# Draws of the model's posterior; contenders are those that are the best in the most of them.
NUM_DRAWS = 256


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Contest:
    """Finalists that are compared with each other: for one budget, or families for all of them.

    Attributes:
        stages: of the networks of each contender.
        weights: of these stages.
        contenders: the networks of each, the search's own choice first.
    """

    stages: tuple[int, ...]
    weights: Floats
    contenders: tuple[Population, ...]


def contenders(
    choice: Choice, found: Searched, surrogate: Surrogate, *, num: int, seed: int
) -> tuple[Contest, ...]:
    """Those that stand against a search's own choice, `num` with it at most, by budget."""
    groups = _families if choice.joint else _networks
    return groups(choice, found, surrogate, num=num, seed=seed)


def _families(
    choice: Choice, found: Searched, surrogate: Surrogate, *, num: int, seed: int
) -> tuple[Contest, ...]:
    problem = choice.problem
    stages = problem.scored_stages
    families = choice.families(surrogate)
    rng = generator(seed, "search", "finalists")
    named: dict[str, Population] = {}
    wins: Counter[str] = Counter()
    for values in surrogate.draws(families.rows, num=NUM_DRAWS, rng=rng):
        fitness, picks = families.best(values)
        members = families.members(picks[:, int(fitness.argmax())], scored=True)
        key = _keys(surrogate.notes, members)
        named.setdefault(key, members)
        wins[key] += 1
    own = population_of([found.stages[stage] for stage in stages])
    weights = np.array([problem.weights[stage] for stage in stages])
    ranked = _first(own, named, wins, surrogate.notes, num=num)
    return (Contest(stages=stages, weights=weights, contenders=ranked),)


def _networks(
    choice: Choice, found: Searched, surrogate: Surrogate, *, num: int, seed: int
) -> tuple[Contest, ...]:
    groups = []
    for stage, inside in enumerate(choice.inside(surrogate)):
        rng = generator(seed, "search", "finalists", stage)
        named: dict[str, Population] = {}
        wins: Counter[str] = Counter()
        worth = surrogate.expected(inside)
        for values in worth.mean + rng.normal(size=(NUM_DRAWS, len(inside))) * worth.sd:
            one = inside[np.array([int(values.argmax())])]
            key = _keys(surrogate.notes, one)
            named.setdefault(key, one)
            wins[key] += 1
        own = population_of([found.stages[stage]])
        ranked = _first(own, named, wins, surrogate.notes, num=num)
        groups.append(Contest(stages=(stage,), weights=np.ones(1), contenders=ranked))
    return tuple(groups)


def _first(
    own: Population,
    named: dict[str, Population],
    wins: Counter[str],
    notes: Notebook,
    *,
    num: int,
) -> tuple[Population, ...]:
    """The search's own choice, then those that are best in the most draws."""
    best = [key for key, _ in wins.most_common() if key != _keys(notes, own)]
    return (own, *(named[key] for key in best[: num - 1]))


def population_of(stages: Sequence[SearchedStage]) -> Population:
    """The networks of some stages as paths."""
    return Population(
        np.array([stage.genome for stage in stages], dtype=np.int64),
        np.array([stage.strategy for stage in stages], dtype=np.int64),
    )


def _keys(notes: Notebook, population: Population) -> str:
    pairs = zip(population.genomes, population.strategies, strict=True)
    return " ".join(notes.key(*pair) for pair in pairs)
