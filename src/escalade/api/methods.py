"""Which search a run makes in its space, and how large it is."""

from __future__ import annotations

from escalade.config import Config
from escalade.core.space.space import Space
from escalade.search.breeding import CROSSOVER
from escalade.search.objectives import DEFAULT

# Networks per generation, and generations: ScaleNet's base evolution, and SCARLET's search.
EVOLUTION = (64, 40)
FRONT = (70, 120)
# Settings of the search for a front alone, beside its constraints, with the values that other
# searches take: runs begun before these followed from the space have them stated.
OF_FRONT: dict[str, tuple[object, ...]] = {
    "objectives": (None, list(DEFAULT)),
    "objective_weights": (None,),
    "crossover": (None, CROSSOVER),
    "exploitation": (True,),
    "exploration": (True,),
}


def method_of(config: Config, space: Space) -> str:
    """The searcher's name; where none is given, the one that the space is made for.

    Raises:
        ValueError: if the space does not have what the searcher searches, or the searcher cannot
            do without budgets, or with constraints or other settings of nsga2.
    """
    method = config.search.method or made_for(space)
    if method == "mcea" and not space.traits.scales:
        raise ValueError(
            f"search.method: mcea searches scaling strategies, which the space {space.name} has "
            f"none of; use {made_for(space)}, random or independent"
        )
    if method == "coarse_to_fine" and not space.traits.rises:
        raise ValueError(
            f"search.method: coarse_to_fine needs choices per layer that rise, which the space "
            f"{space.name} does not have; use {made_for(space)}, random or independent, or "
            "--space bignas_small"
        )
    if method != "nsga2" and config.search.constraints:
        raise ValueError(
            f"search.constraints: {method} keeps budgets only; use search.method nsga2, or none"
        )
    for name, values in OF_FRONT.items():
        if method != "nsga2" and getattr(config.search, name) not in values:
            raise ValueError(
                f"search.{name}: says nothing to {method}, which has one objective; use "
                "search.method nsga2, or leave it out"
            )
    if method not in ("mcea", "random") and config.search.stage_weights is not None:
        raise ValueError(
            f"search.stage_weights: {method} weighs no budgets against each other; leave it out"
        )
    if method != "nsga2" and not config.budgets:
        raise ValueError(
            f"budgets: {method} needs a ladder, such as --budgets 1M,2M,4M; nsga2 does without"
        )
    return method


def scales(config: Config, space: Space) -> bool:
    """Whether members are one base, scaled; else each is a network of its own."""
    return space.traits.scales and config.search.method != "nsga2"


def grows(config: Config, space: Space) -> bool:
    """Whether there will be something to grow by: a rule is fitted to two stages of one base."""
    if not scales(config, space):
        return True
    return len(config.budgets) > 1 and config.search.method != "independent"


def evolution_of(config: Config, method: str) -> tuple[int, int]:
    """Networks per generation, and generations."""
    population, generations = FRONT if method == "nsga2" else EVOLUTION
    search = config.search
    return search.population or population, search.generations or generations


def num_evaluations(config: Config, space: Space) -> int:
    """Paths a search scores at most, but for those that nsga2 scores and rejects."""
    search, method = config.search, method_of(config, space)
    population, generations = evolution_of(config, method)
    if method == "nsga2":
        return population * generations
    if not space.traits.scales:
        each = search.num_skeletons + search.num_variations
        if method == "independent":
            each = population * generations
        return each * len(config.budgets)
    stages = max(1, len(config.budgets) - 1)
    base = population * generations * stages
    strategies = search.strategies * stages
    return search.num_bases * strategies + search.rounds * (base + strategies)


def made_for(space: Space) -> str:
    """The searcher that suits a space: strategies, or choices that rise, or neither."""
    if space.traits.scales:
        return "mcea"
    return "coarse_to_fine" if space.traits.rises else "nsga2"
