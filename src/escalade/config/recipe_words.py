"""A recipe in one sentence, for reports."""

from __future__ import annotations

from collections.abc import Iterator

from escalade.config.recipe import Recipe
from escalade.core.numbers.shown import percent

_OPTIMIZERS = {"sgd": "SGD", "rmsprop": "RMSProp in TensorFlow's flavour"}


def recipe_in_words(recipe: Recipe) -> str:
    """How long, with what, at which rate, and whatever else is not left out."""
    return ", ".join([_length(recipe), _optimizer(recipe), _schedule(recipe), *_others(recipe)])


def _length(recipe: Recipe) -> str:
    long = f"{recipe.steps:,} steps" if recipe.steps is not None else f"{recipe.epochs:g} epochs"
    return f"{long} of batches of {recipe.batch_size}"


def _optimizer(recipe: Recipe) -> str:
    nesterov = "Nesterov " if recipe.optimizer == "sgd" and recipe.nesterov else ""
    name = _OPTIMIZERS[recipe.optimizer]
    return f"{name} with {nesterov}momentum {recipe.momentum:g} and rate {recipe.learning_rate:g}"


def _schedule(recipe: Recipe) -> str:
    if recipe.schedule != "exponential":
        return f"{recipe.schedule} schedule"
    falls = f"exponential schedule to {percent(recipe.end_ratio, digits=None)} of it"
    if recipe.constant_after == 1:
        return falls
    after = percent(recipe.constant_after, digits=None)
    return f"{falls} after {after} of the training, then constant"


def _others(recipe: Recipe) -> Iterator[str]:
    amounts = {
        "weight decay": recipe.weight_decay,
        "label smoothing": recipe.label_smoothing,
        "dropout": recipe.drop_rate,
        "stochastic depth": recipe.drop_path_rate,
        "gradients clipped at": recipe.clip_grad_norm,
        "mixup": recipe.mixup,
        "averaged over": recipe.averaging,
    }
    yield from (f"{name} {value:g}" for name, value in amounts.items() if value)
    if recipe.auto_augment:
        yield f"AutoAugment of {recipe.auto_augment}"
