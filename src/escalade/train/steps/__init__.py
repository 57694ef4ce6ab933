"""How supernets train, by the names that `supernet.step` has; nothing outside knows them."""

from __future__ import annotations

from collections.abc import Sequence

from escalade.config.settings import SupernetConfig
from escalade.core.numbers.budget import Budget
from escalade.core.space.space import Space
from escalade.core.space.traits import Traits
from escalade.core.values.invalid import Invalid, check_known, within
from escalade.train.steps.fair import FairTraining
from escalade.train.steps.path_samplers import AnySampler
from escalade.train.steps.sandwich import SandwichTraining
from escalade.train.steps.single_path import SinglePathTraining
from escalade.train.steps.supernet_training import SupernetTask, SupernetTraining, Teacher
from escalade.train.steps.taught import TaughtTraining

TRAININGS: dict[str, SupernetTraining] = {
    "fair": FairTraining("fair"),
    "single_path": SinglePathTraining("single_path"),
    "sandwich": SandwichTraining("sandwich"),
    "taught": TaughtTraining("taught"),
}


def step_name(name: str | None, traits: Traits, *, has_teacher: bool) -> str:
    """The step of a run's supernet: the one that is named, or the usual one.

    Args:
        name: as `supernet.step` has it.
        has_teacher: the run starts from a pretrained network.

    Raises:
        Invalid: for an unknown name, or one that needs a teacher where there is none.
    """
    if name is None:
        return next(filter(needs_teacher, TRAININGS)) if has_teacher else traits.usual_step
    with within("supernet", "step"):
        check_known(name, TRAININGS)
        if needs_teacher(name) and not has_teacher:
            problem = f"{name} needs a pretrained network as the teacher"
            raise Invalid(problem, remedy="name one with --from, or use another step")
    return name


def needs_teacher(name: str | None) -> bool:
    """Whether a step is for runs from a pretrained network; none is for all."""
    return name in TRAININGS and TRAININGS[name].needs_teacher


def training_of(settings: SupernetConfig) -> SupernetTraining:
    """How a supernet trains by settings with their step stated."""
    return TRAININGS[settings.step or ""]


def path_sampler(settings: SupernetConfig, space: Space, budgets: Sequence[Budget]) -> AnySampler:
    """The sampler that a supernet trains with."""
    return training_of(settings).sampler(settings, space, budgets)


__all__ = [
    "TRAININGS",
    "SupernetTask",
    "SupernetTraining",
    "Teacher",
    "needs_teacher",
    "path_sampler",
    "step_name",
    "training_of",
]
