"""How a supernet trains: the sampler and the step that settings and space call for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter

import torch

from escalade.config.settings import SupernetConfig
from escalade.core.numbers.budget import Budget
from escalade.core.numbers.seeds import torch_seed
from escalade.core.sampling.fair_paths import FairPaths
from escalade.core.sampling.samplers import (
    Hierarchical,
    NearBudgets,
    PathSampler,
    Uniform,
    Window,
)
from escalade.core.sampling.sandwich_paths import Sandwich
from escalade.core.space.space import Space
from escalade.core.values.invalid import Invalid
from escalade.data import ImageData, TrainBatches
from escalade.supernet.make import check_options, make_supernet
from escalade.supernet.shared_weights import SharedWeights
from escalade.train import prepare
from escalade.train.fair_step import FairStep
from escalade.train.runtime import Runtime
from escalade.train.sandwich_step import SandwichStep
from escalade.train.steps import PathSequence, SinglePathStep, Step
from escalade.train.taught_step import OpenedPaths, Paths, TaughtStep, Teacher

# Settings of the sandwich step alone, but for the number of paths, which a taught one has, too.
OF_SANDWICH = ("num_random", "distillation", "regularise", "patches", "recipe.drop_rate")
TAUGHT = "taught"


def path_sampler(
    settings: SupernetConfig, space: Space, budgets: Sequence[Budget]
) -> Uniform | Hierarchical | NearBudgets:
    """The sampler that a supernet trains with.

    In a space without scaling stages all paths are drawn alike, whatever they cost (BigNAS); those
    that are taught are drawn near the budgets.
    """
    if not space.traits.scales and settings.step != TAUGHT:
        return Uniform(space)
    window = None
    if settings.window is not None and budgets:
        window = Window(
            targets=tuple(budget.target for budget in budgets),
            kind=budgets[0].kind,
            factor=settings.window,
            balance=settings.balance,
        )
    if not space.traits.scales:
        return Uniform(space) if window is None else NearBudgets(space, window=window)
    if settings.sampler == "uniform":
        return Uniform(space, window=window)
    return Hierarchical(space, weights=settings.weights, window=window)


def training_step(
    settings: SupernetConfig,
    space: Space,
    budgets: Sequence[Budget],
    *,
    seed: int,
    data: ImageData,
    supernet: SharedWeights,
    runtime: Runtime,
    teacher: Teacher | None = None,
) -> Step:
    """What a supernet does with a batch.

    Args:
        settings: with their step stated.
        space: with the data's channels and classes.
        budgets: that paths are drawn around.
        seed: of the paths.
        data: whose statistics images are normalised by.
        supernet: the weights.
        runtime: device and precision.
        teacher: of a taught step.
    """
    space = space.training
    objective = prepare.objective(settings.recipe, data, runtime=runtime)
    if settings.step == "fair":
        return FairStep(supernet, paths=FairPaths(space, seed=seed), objective=objective)
    sampler = path_sampler(settings, space, budgets)
    if settings.step == TAUGHT:
        assert teacher is not None
        return TaughtStep(
            supernet,
            paths=_taught_paths(settings, space, sampler, seed=seed, num_train=len(data.train)),
            num_paths=settings.num_random,
            teacher=teacher,
            objective=objective,
        )
    if settings.step == "single_path":
        return SinglePathStep(
            supernet,
            space=space,
            sampler=sampler,
            seed=seed,
            coupled=settings.coupled,
            objective=objective,
        )
    return SandwichStep(
        supernet,
        sandwich=Sandwich(space, sampler=sampler, seed=seed, num_random=settings.num_random),
        objective=objective,
        recipe=settings.recipe,
        distillation=settings.distillation,
        regularise=settings.regularise,
        patches=settings.patches,
        coupled=settings.coupled,
    )


def _taught_paths(
    settings: SupernetConfig, space: Space, sampler: PathSampler, *, seed: int, num_train: int
) -> Paths:
    """The paths of a taught step, by number."""
    if settings.opening == "at_once":
        return PathSequence(space, sampler=sampler, seed=seed)
    recipe = settings.recipe.for_images(num_train)
    return OpenedPaths(
        space,
        sampler=sampler,
        seed=seed,
        num_paths=settings.num_random,
        num_steps=recipe.num_steps(num_train // recipe.batch_size),
    )


def new_supernet(
    settings: SupernetConfig, space: Space, *, seed: int, runtime: Runtime
) -> SharedWeights:
    """A supernet with the initial weights of a run's seed."""
    torch.manual_seed(torch_seed(seed, "supernet"))
    supernet = make_supernet(
        space.shape, coupled=settings.coupled, zero_residual=settings.zero_residual
    )
    return supernet.to(runtime.device)


def training_batches(
    settings: SupernetConfig, *, seed: int, data: ImageData, runtime: Runtime
) -> TrainBatches:
    """The batches of a supernet's training: one crop of each image, or one for each path."""
    is_one = settings.step != "sandwich" or settings.patches == "same"
    return prepare.training_batches(
        settings.recipe.for_images(len(data.train)),
        data,
        seed=seed,
        runtime=runtime,
        num_crops=1 if is_one else settings.num_random + 2,
    )


def identity(
    settings: SupernetConfig, space: Space, budgets: Sequence[Budget], *, data: ImageData
) -> dict[str, str | int | float]:
    """What makes a training this one: a checkpoint of another one is refused.

    Beside the data everything that the steps are made of, so that a config.yaml which somebody
    edits in the middle of a training cannot mix two; the recipe is the training's own.
    """
    stated = {f.name: getattr(settings, f.name) for f in fields(settings) if f.name != "recipe"}
    return {
        "classes": data.num_classes,
        "in_channels": data.in_channels,
        "train_digest": data.train_digest,
        "balance": data.balance,
        "space": space.name,
        "budgets": " ".join(f"{budget.target:g} {budget.kind}" for budget in budgets),
        **{f"supernet.{name}": str(value) for name, value in stated.items()},
    }


def check(settings: SupernetConfig, space: Space, budgets: Sequence[Budget], *, seed: int) -> None:
    """Whether the space has the paths of the step, and its supernet what is wanted of it.

    Raises:
        Invalid: if not, or for settings that say nothing there.
    """
    check_options(space.shape, coupled=settings.coupled, zero_residual=settings.zero_residual)
    _check_sampling(settings, space)
    space = space.training
    sampler = path_sampler(settings, space, budgets)
    if settings.step == "fair":
        FairPaths(space, seed=seed)
    elif settings.step == "sandwich":
        Sandwich(space, sampler=sampler, seed=seed, num_random=settings.num_random)


def _check_sampling(settings: SupernetConfig, space: Space) -> None:
    """Refuse settings of how paths are drawn that this space has no use for."""
    usual = SupernetConfig()
    if settings.step != TAUGHT:
        _check_use(
            settings,
            "opening",
            (usual.opening,),
            why=f"is for the taught step, and this run's supernet.step is {settings.step}",
            remedy="leave it out, or start from a pretrained network (--from)",
        )
    if space.traits.shares and settings.step != "sandwich":
        for name in OF_SANDWICH:
            if name == "num_random" and settings.step == TAUGHT:
                continue
            _check_use(
                settings,
                name,
                (attrgetter(name)(usual),),
                why=f"is for the sandwich step, and this run's supernet.step is {settings.step}",
                remedy="leave it out, or use supernet.step: sandwich",
            )
    if space.traits.scales or settings.step == TAUGHT:
        return
    useful = {
        "sampler": ("hierarchical",) if settings.step == "fair" else ("hierarchical", "uniform"),
        "weights": ("equal",),
        "window": (None, usual.window),
        "balance": ("none", usual.balance),
    }
    if not space.traits.shares:
        useful |= {name: (attrgetter(name)(usual),) for name in OF_SANDWICH}
    for name, values in useful.items():
        what = "no sandwich" if name in OF_SANDWICH else "no scaling stages"
        steps = " or ".join(space.traits.steps)
        _check_use(
            settings,
            name,
            values,
            why=f"says nothing in the space {space.name}, which has {what}",
            remedy=f"leave it out. How paths are drawn there is supernet.step, {steps}",
        )


def _check_use(
    settings: SupernetConfig, name: str, values: Sequence[object], *, why: str, remedy: str
) -> None:
    value = attrgetter(name)(settings)
    if value not in values:
        raise Invalid(f"{value} {why}", path=("supernet", *name.split(".")), remedy=remedy)
