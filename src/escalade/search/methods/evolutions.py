"""What searches of a ladder have in common: their scores, and settings for a number of them."""

from __future__ import annotations

from dataclasses import replace

from escalade.config.settings import SearchConfig
from escalade.search.methods.method import Task
from escalade.search.operators.evolution import Evolution

# ScaleNet's base evolution (section 4.1).
POPULATION, GENERATIONS = 64, 40
# Of the scores that a search may ask for, those that it has not had before: 0.60 to 0.70.
FRESH_SHARE = 0.7
ROUNDS = 3
MOST_SKELETONS = 64  # the grid has few more for one budget


def evolution(settings: SearchConfig) -> Evolution:
    """The evolution that settings state."""
    assert settings.population is not None
    assert settings.generations is not None
    return Evolution(population=settings.population, generations=settings.generations)


def num_joint(task: Task) -> int:
    """Scores of a joint search: strategies over random bases, then rounds of bases, strategies."""
    settings, stages = task.settings, max(1, len(task.budgets) - 1)
    base = num_evolved(settings) * stages
    strategies = settings.strategies * stages
    return settings.num_bases * strategies + settings.rounds * (base + strategies)


def num_evolved(settings: SearchConfig) -> int:
    assert settings.population is not None
    assert settings.generations is not None
    return settings.population * settings.generations


def left_undone(settings: SearchConfig, name: str) -> list[str]:
    """An evolution of one generation is none: it scores what it begins with."""
    if settings.generations != 1:
        return []
    return [
        f"{name} does not evolve: its first generation is random, and search.generations is 1; "
        "use 2 or more"
    ]


def num_coarse(settings: SearchConfig) -> int:
    """Scores of a budget, coarse to fine."""
    return settings.num_skeletons + settings.num_variations


def joint(settings: SearchConfig, *, num_scores: float, num_budgets: int) -> SearchConfig:
    """Settings of a joint search of about so many scores.

    A fifth ranks strategies over random bases, a fifth searches strategies, the rest bases.
    """
    stages = max(1, num_budgets - 1)
    strategies = int(min(max(num_scores / 5 / stages / ROUNDS, 8), 64))
    generation = num_scores * 3 / 5 / stages / ROUNDS
    population = int(min(max(generation**0.5 * 1.5, 8), 64))
    return replace(
        settings,
        rounds=ROUNDS,
        num_bases=int(min(max(num_scores / 5 / stages / strategies, 2), 8)),
        strategies=strategies,
        population=population,
        generations=max(2, round(generation / population)),
    )


def coarse(settings: SearchConfig, *, num_scores: float, num_budgets: int) -> SearchConfig:
    """Settings for about so many scores, coarse to fine."""
    each = num_scores / num_budgets
    return replace(
        settings,
        num_skeletons=max(4, min(round(each / 3), MOST_SKELETONS)),
        num_variations=max(4, round(each * 2 / 3)),
    )


def in_words(settings: SearchConfig) -> str:
    """An evolution's sizes and operators."""
    return (
        f"{settings.population} over {settings.generations} generations, parents by roulette, "
        "half of the children by crossover, half by mutation"
    )
