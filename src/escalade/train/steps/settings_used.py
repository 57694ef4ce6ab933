"""Settings of a supernet's training that its step, or its space, has no use for."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from escalade.config.settings import SupernetConfig
from escalade.core.values.invalid import Invalid
from escalade.supernet.make import check_options
from escalade.train.steps import TRAININGS, training_of
from escalade.train.steps.supernet_training import SupernetTask, SupernetTraining

_USUAL = SupernetConfig()


def check(task: SupernetTask) -> None:
    """Whether the space has the paths of the step, and its supernet what is wanted of it.

    Raises:
        Invalid: if not, or for settings that say nothing there.
    """
    settings, training = task.settings, training_of(task.settings)
    check_options(task.space.shape, coupled=settings.coupled, zero_residual=settings.zero_residual)
    if not task.space.traits.scales and not training.near_budgets:
        _check_draws(task, training)
    for other in TRAININGS.values():
        _check_own(task, training, other)
    training.paths(task)


def _check_draws(task: SupernetTask, training: SupernetTraining) -> None:
    """Refuse settings of a sampler where all paths are drawn alike."""
    useful = {
        "sampler": ("hierarchical", "uniform") if training.draws else ("hierarchical",),
        "weights": ("equal",),
        "window": (None, _USUAL.window),
        "balance": ("none", _USUAL.balance),
    }
    for name, values in useful.items():
        _check_use(task, name, values, *_nothing(task, "scaling stages"))


def _check_own(task: SupernetTask, training: SupernetTraining, other: SupernetTraining) -> None:
    """Refuse another step's own settings."""
    why = f"is for the {other.name} step, and this run's supernet.step is {training.name}"
    remedy = f"leave it out, or {other.remedy}"
    if not other.suits(task.space.traits):
        why, remedy = _nothing(task, other.name)
    for name in other.own:
        if name not in training.own:
            _check_use(task, name, (attrgetter(name)(_USUAL),), why, remedy)


def _nothing(task: SupernetTask, what: str) -> tuple[str, str]:
    """Why a setting says nothing in a space, and what would work."""
    suiting = (each for each in TRAININGS.values() if each.suits(task.space.traits))
    steps = " or ".join(each.name for each in suiting if not each.needs_teacher)
    why = f"has no effect in the space {task.space.name}, which has no {what}"
    return why, f"leave it out. How paths are drawn there is supernet.step, {steps}"


def _check_use(
    task: SupernetTask, name: str, values: Sequence[object], why: str, remedy: str
) -> None:
    value = attrgetter(name)(task.settings)
    if value not in values:
        raise Invalid(f"{value} {why}", path=("supernet", *name.split(".")), remedy=remedy)
