"""What a run did, by its settings: training, search, members, each in a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from escalade.config import Config, resolve
from escalade.config.recipe_words import recipe_in_words
from escalade.core.space.traits import Traits
from escalade.search.methods import METHODS
from escalade.train.step_words import training_in_words

_WEIGHTS = {
    "retrain": "each trained from scratch",
    "slice": "slices of the supernet, without a training of their own",
    "together": "slices of the supernet after they alone trained on in it, all in every step",
    "in_turn": "the smallest trained from scratch, each other from the weights of the one before",
    "finetune": "each trained on from its slice",
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
    if traits.has_supernet:
        budgets = config.ladder.budgets if config.budgets else ()
        yield from training_in_words(config.supernet, traits, budgets=budgets)
        yield "Recipe", recipe_in_words(config.supernet.recipe)
    method = METHODS.get(config.search.method or "")
    if method is not None:
        yield "Search", method.operators(config.search)
    images = "training images beyond those of batch norm" if config.search.images == "train" else ""
    yield "Scores", f"on {images or 'the search images'}"
    if config.retrain.searched is not None:
        yield "Members", _WEIGHTS[config.retrain.searched]
    if config.retrain.searched not in (None, "slice"):
        yield "Their recipe", recipe_in_words(config.retrain.recipe)
