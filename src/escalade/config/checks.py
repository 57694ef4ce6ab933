"""Which values the settings may have."""

from __future__ import annotations

import difflib
from typing import Any

from escalade.config.settings import Config
from escalade.core import rules

CHOICES = {
    "budget_kind": ("macs", "params", "activations", "latency"),
    "precision": ("fp32", "bf16"),
    "supernet.step": ("single_path", "sandwich"),
    "supernet.regularise": ("largest", "all"),
    "supernet.patches": ("same", "different"),
    "supernet.sampler": ("hierarchical", "uniform"),
    "supernet.balance": ("none", "resolution", "depth", "both"),
    "evaluation.precision": ("fp32", "bf16"),
    "search.method": ("mcea", "random", "independent", "coarse_to_fine"),
    "search.images": ("search", "train"),
    "grow.function": ("exponential", "linear", "squared", "compound"),
    "retrain.searched": ("retrain", "slice", "finetune"),
    "retrain.grown": ("scratch", "warm", "both"),
}
# Settings whose None stands for a choice made later.
LATER = ("search.method",)
POSITIVE = (
    "supernet.num_random",
    "search.num_skeletons",
    "search.num_variations",
    "evaluation.recalibration_images",
    "search.num_bases",
    "search.rounds",
    "search.population",
    "search.generations",
    "search.strategies",
    "search.num_models",
    "retrain.finetune_rate",
    "hours",
    "dataset.side",
    "dataset.limit",
    "latency.batch_size",
    "latency.threads",
    "threads",
    "workers",
)


def check_values(config: Config) -> None:
    """Raise ValueError for the first setting that cannot be, naming it and what would work."""
    for path in CHOICES:
        check_choice(path, _at(config, path))
    for path in POSITIVE:
        value = _at(config, path)
        if value is not None and value <= 0:
            raise ValueError(f"{path}: {value} is not positive")
    if config.grow.num < 0:
        raise ValueError(f"grow.num: {config.grow.num} is negative")
    _check_rule(config.grow.rule, "grow.rule")
    for i, rule in enumerate(config.grow.compare):
        _check_rule(rule, f"grow.compare[{i}]")
    if config.supernet.window is not None and config.supernet.window <= 1:
        raise ValueError(f"supernet.window: {config.supernet.window} is not above 1")
    if config.supernet.coupled and config.retrain.searched != "retrain":
        raise ValueError(
            f"retrain.searched: {config.retrain.searched} needs a supernet that is not coupled; "
            "use retrain, or supernet.coupled: false"
        )
    weights = config.search.stage_weights
    if weights is not None and (len(weights) != len(config.budgets) or min(weights) < 0):
        raise ValueError(
            f"search.stage_weights: {weights} are not {len(config.budgets)} weights, one per "
            "budget, none negative"
        )
    if config.budgets:
        _ = config.ladder


def check_choice(path: str, value: Any) -> None:
    """Raise ValueError unless a setting has one of its known values."""
    if value is None and path in LATER:
        return
    known = CHOICES[path]
    if value not in known:
        close = difflib.get_close_matches(str(value), known, 1)
        hint = f"did you mean {close[0]}?" if close else f"use {', '.join(known)}"
        raise ValueError(f"{path}: {value!r} is not known; {hint}")


def _check_rule(name: str, where: str) -> None:
    try:
        rules.parse(name)
    except ValueError as error:
        raise ValueError(str(error).replace("rule", where, 1)) from None


def _at(config: Config, path: str) -> Any:
    value: Any = config
    for part in path.split("."):
        value = getattr(value, part)
    return value
