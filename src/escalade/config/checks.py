"""Which values the settings may have."""

from __future__ import annotations

import difflib
import re
from typing import Any

from escalade.config.settings import Config, RetrainConfig
from escalade.core.scaling import rules
from escalade.search.constraints import Constraint
from escalade.search.objectives import SCORED, parse_objectives

CHOICES = {
    "budget_kind": ("macs", "params", "activations", "latency"),
    "precision": ("fp32", "bf16"),
    "supernet.step": ("single_path", "sandwich", "fair"),
    "supernet.identity": ("let", "let_relu", "plain"),
    "supernet.regularise": ("largest", "all"),
    "supernet.patches": ("same", "different"),
    "supernet.sampler": ("hierarchical", "uniform"),
    "supernet.balance": ("none", "resolution", "depth", "both"),
    "evaluation.precision": ("fp32", "bf16"),
    "search.method": ("mcea", "random", "independent", "coarse_to_fine", "nsga2"),
    "search.images": ("search", "train"),
    "grow.function": ("exponential", "linear", "squared", "compound"),
    "retrain.searched": ("retrain", "slice", "together", "finetune"),
    "retrain.grown": ("scratch", "warm", "both"),
}
# Settings whose None stands for a choice made later.
LATER = ("search.method", "supernet.step", "supernet.identity", "retrain.searched")
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
    "search.members",
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
    if config.evaluation.recalibration_images < 2:
        raise ValueError(
            f"evaluation.recalibration_images: {config.evaluation.recalibration_images} image has "
            "no statistics; use 2 or more"
        )
    if config.grow.num < 0:
        raise ValueError(f"grow.num: {config.grow.num} is negative")
    _check_rule(config.grow.rule, "grow.rule")
    for i, rule in enumerate(config.grow.compare):
        _check_rule(rule, f"grow.compare[{i}]")
    if config.supernet.window is not None and config.supernet.window <= 1:
        raise ValueError(f"supernet.window: {config.supernet.window} is not above 1")
    if config.supernet.recipe.drop_path_rate:
        raise ValueError(
            f"supernet.recipe.drop_path_rate: {config.supernet.recipe.drop_path_rate:g} is for "
            "networks trained alone; leave it out, or give it in retrain.recipe"
        )
    kept = config.retrain.searched or "finetune"
    if config.supernet.coupled and kept != "retrain":
        raise ValueError(
            f"retrain.searched: {kept} needs a supernet that is not coupled; "
            "use retrain, or supernet.coupled: false"
        )
    _check_distillation(config.retrain)
    weights = config.search.stage_weights
    if weights is not None and (len(weights) != len(config.budgets) or min(weights) < 0):
        raise ValueError(
            f"search.stage_weights: {weights} are not {len(config.budgets)} weights, one per "
            "budget, none negative"
        )
    if config.budgets:
        _ = config.ladder
    _check_front(config)


def check_choice(path: str, value: Any) -> None:
    """Raise ValueError unless a setting has one of its known values."""
    if value is None and path in LATER:
        return
    known = CHOICES[path]
    if value not in known:
        close = difflib.get_close_matches(str(value), known, 1)
        hint = f"did you mean {close[0]}?" if close else f"use {', '.join(known)}"
        raise ValueError(f"{path}: {value!r} is not known; {hint}")


def _check_distillation(retrain: RetrainConfig) -> None:
    share = retrain.distillation
    if not 0 <= share <= 1:
        raise ValueError(f"retrain.distillation: {share:g} is not a share of 0 to 1")
    if retrain.searched != "together" and share != RetrainConfig().distillation:
        raise ValueError(
            f"retrain.distillation: {share:g} is for members that train together; leave it out or "
            f"at {RetrainConfig().distillation:g}, or use retrain.searched: together"
        )


def _check_front(config: Config) -> None:
    """What nsga2 minimises, and under which limits."""
    search = config.search
    try:
        objectives = parse_objectives(config.objectives, weights=search.objective_weights)
        constraints = [Constraint.parse(text) for text in search.constraints]
    except ValueError as error:
        raise ValueError(as_setting(str(error))) from None
    for i, objective in enumerate(objectives):
        _check_measure(objective.measure, f"search.objectives[{i}]")
    for i, constraint in enumerate(constraints):
        _check_measure(constraint.measure, f"search.constraints[{i}]")
    if search.crossover is not None and not 0 <= search.crossover <= 1:
        raise ValueError(f"search.crossover: {search.crossover:g} is not a share of 0 to 1")
    if config.budgets and search.members is not None:
        raise ValueError(
            f"search.members: {search.members} are to be chosen of a front, but every budget has "
            "one member; give budgets or members"
        )


def _check_measure(name: str, where: str) -> None:
    known = (*SCORED, *CHOICES["budget_kind"])
    if name not in known:
        raise ValueError(f"{where}: nothing measures {name!r}; use {', '.join(known)}")


def as_setting(message: str) -> str:
    """A message of the multi-objective search that names the setting as a user has it."""
    for name, setting in _SETTING_OF.items():
        if re.match(rf"{name}\b", message):
            return setting + message[len(name) :]
    return message


_SETTING_OF = {
    "objectives": "search.objectives",
    "weights": "search.objective_weights",
    "constraints": "search.constraints",
    "num_members": "search.members",
    "budget_kind": "search.objectives",
}


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
