"""Fits a run's schedule to a number of hours on this device."""

from __future__ import annotations

from dataclasses import replace

from escalade.api.estimate import Estimate, estimate
from escalade.api.methods import FRONT, method_of
from escalade.api.timing import Timing
from escalade.config import Config
from escalade.core.space.space import Space
from escalade.train.recipe import Recipe

# Shares of the time that is not export; what rounding leaves of the search's goes to the others.
TRAIN_SHARE, SEARCH_SHARE, RETRAIN_SHARE = 0.44, 0.10, 0.46
LEAST_STEPS = 200
FEW, LEAST_EVALUATIONS, MOST_EVALUATIONS = 400, 100, 8000
LEAST_EPOCHS, MOST_EPOCHS = 1.0, 200.0
BOTH_EPOCHS = 5.0  # below this a second start is time better spent on longer training
ROUNDS = 3
MOST_SKELETONS = 64  # the grid has few more for one budget
LEAST_POPULATION = 8


def fit(config: Config, space: Space, timing: Timing, *, num_train: int, num_search: int) -> Config:
    """The same run with epochs and evaluations that fit `config.hours`.

    Where the time is short, grown members are trained once, from the largest searched member's
    weights, instead of also from scratch for comparison.

    Raises:
        ValueError: if the time is too short for the least schedule, saying what it takes.
    """
    sizes = {"num_train": num_train, "num_search": num_search}
    fitted = _fit(config, space, timing, **sizes)
    if config.retrain.grown == "both" and (fitted.retrain.recipe.epochs or 0) < BOTH_EPOCHS:
        once = replace(config, retrain=replace(config.retrain, grown="warm"))
        fitted = _fit(once, space, timing, **sizes)
    needed = estimate(fitted, space, timing, **sizes).total
    assert config.hours is not None
    if needed > 1.1 * config.hours * 3600:
        raise ValueError(
            f"hours: {config.hours:.3g} are too short here: the least schedule takes about "
            f"{needed / 3600:.2g} h; raise --hours, or use smaller budgets or fewer images"
        )
    return fitted


def _fit(
    config: Config, space: Space, timing: Timing, *, num_train: int, num_search: int
) -> Config:
    assert config.hours is not None

    def at(train: float, evaluations: float, epochs: float) -> Config:
        method = method_of(config, space)
        return _with(config, method, train_steps=train, evaluations=evaluations, epochs=epochs)

    def seconds(train: float, evaluations: float, epochs: float) -> Estimate:
        planned = at(train, evaluations, epochs)
        return estimate(planned, space, timing, num_train=num_train, num_search=num_search)

    one = seconds(LEAST_STEPS, FEW, LEAST_EPOCHS)
    free = config.hours * 3600 - one.export
    evaluations = one.evaluations * free * SEARCH_SHARE / max(one.search, 1e-9)
    evaluations = max(min(evaluations, MOST_EVALUATIONS), LEAST_EVALUATIONS)
    free -= seconds(LEAST_STEPS, evaluations, LEAST_EPOCHS).search
    # Every member is also scored, whatever the epochs; and slices may need no training.
    per_epoch = seconds(LEAST_STEPS, FEW, 1 + LEAST_EPOCHS).retrain - one.retrain
    share = TRAIN_SHARE / (TRAIN_SHARE + RETRAIN_SHARE) if per_epoch > 0 else 1.0
    steps = LEAST_STEPS * free * share / max(one.train, 1e-9)
    epochs = LEAST_EPOCHS + (free * (1 - share) - one.retrain) / max(per_epoch, 1e-9)
    epochs = min(max(epochs, LEAST_EPOCHS), MOST_EPOCHS)
    return replace(at(max(steps, LEAST_STEPS), evaluations, epochs), fitted=True)


def _with(
    config: Config, method: str, *, train_steps: float, evaluations: float, epochs: float
) -> Config:
    """The configuration with so many steps, scored paths and epochs."""
    each = evaluations / len(config.budgets)
    stages = max(1, len(config.budgets) - 1)
    # A fifth ranks strategies over random bases, a fifth searches strategies, the rest bases.
    strategies = int(min(max(evaluations / 5 / stages / ROUNDS, 8), 64))
    bases = int(min(max(evaluations / 5 / stages / strategies, 2), 8))
    generation = evaluations * 3 / 5 / stages / ROUNDS
    population = int(min(max(generation**0.5 * 1.5, 8), 64))
    generations = max(2, round(generation / population))
    if method == "nsga2":
        population, generations = _front(evaluations, num_members=len(config.budgets))
    search = replace(
        config.search,
        rounds=ROUNDS,
        num_bases=bases,
        strategies=strategies,
        population=population,
        generations=generations,
        num_skeletons=max(4, min(round(each / 3), MOST_SKELETONS)),
        num_variations=max(4, round(each * 2 / 3)),
    )
    return replace(
        config,
        supernet=replace(
            config.supernet, recipe=_steps(config.supernet.recipe, round(train_steps))
        ),
        search=search,
        retrain=replace(
            config.retrain,
            recipe=replace(config.retrain.recipe, epochs=round(epochs, 2), steps=None),
        ),
    )


def _front(evaluations: float, *, num_members: int) -> tuple[int, int]:
    """Population and generations of a front of so many scores, in the paper's proportions."""
    population, generations = FRONT
    size = round((evaluations * population / generations) ** 0.5)
    size = max(min(size, population), LEAST_POPULATION, num_members)
    return size, max(2, round(evaluations / size))


def _steps(recipe: Recipe, steps: int) -> Recipe:
    return replace(recipe, steps=steps, epochs=None)
