"""What a run did, and how, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from escalade.config import Config, SupernetConfig, resolve
from escalade.config.recipe_words import recipe_in_words
from escalade.config.ways_to_weights import WAYS
from escalade.core.numbers.class_counts import BALANCES
from escalade.core.space.traits import Traits
from escalade.search.methods import METHODS
from escalade.train.steps import training_of
from escalade.train.steps.path_samplers import sampler_in_words

_IDENTITIES = {
    "let": "linear 1x1 convolutions, the linearly equivalent transformations of SCARLET's Fig. 2",
    "let_relu": "1x1 convolutions with a ReLU (SCARLET, Fig. 2)",
    "plain": "bare: they hand on what they get, or max pooling of it",
}


class Done(NamedTuple):
    """What, and how."""

    name: str
    text: str


def what_was_done(settings: Mapping[str, Any], traits: Traits | None) -> list[Done]:
    """The rows of a run's settings; none where these are not complete, or the space not known."""
    if traits is None:
        return []
    config = resolve(settings)
    return [Done(*row) for row in _rows(config, traits)] if config.search.method else []


def _rows(config: Config, traits: Traits) -> Iterator[tuple[str, str]]:
    if told := BALANCES[config.dataset.balance]:
        yield "Classes", told
    method = METHODS.get(config.search.method or "")
    searches = method is not None and method.needs_supernet
    if searches:
        yield from _supernet_rows(config.supernet, traits, near=bool(config.budgets))
        yield "Recipe", recipe_in_words(config.supernet.recipe)
    if method is not None:
        yield "Search", method.operators(config.search)
    images = "training images beyond those of batch norm" if config.search.images == "train" else ""
    if searches or not traits.has_supernet:
        yield "Scores", f"on {images or 'the search images'}"
    way = WAYS.get(config.retrain.searched or "")
    if way is not None:
        yield "Members", way.done
    if way is not None and (way.alone or way.together):
        yield "Their recipe", recipe_in_words(config.retrain.recipe)


def _supernet_rows(
    settings: SupernetConfig, traits: Traits, *, near: bool
) -> Iterator[tuple[str, str]]:
    training = training_of(settings)
    yield "Training step", training.words(settings)
    if traits.scales or training.near_budgets:
        yield "Sampler", sampler_in_words(settings, scales=traits.scales, near=near)
    elif training.draws:
        yield "Sampler", "every choice of every layer alike, whatever the path costs"
    if settings.coupled:
        yield "Coupling", "left and right channels in turns (coupled channels, as in BCNet)"
    if settings.zero_residual:
        yield "Initialisation", "the last scale of every residual branch is 0 (BigNAS, section 3.1)"
    if settings.identity is not None:
        yield "Identities", _IDENTITIES[settings.identity]
