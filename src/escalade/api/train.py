"""The train stage: the super-supernet's weights."""

from __future__ import annotations

from dataclasses import fields

from escalade.api.session import Session, check_sampling, path_sampler, recipe_for, step_of
from escalade.config import Config
from escalade.core.sampling.fair_paths import FairPaths
from escalade.core.sampling.sandwich_paths import Sandwich
from escalade.core.space.space import Space
from escalade.data import ImageData, TrainBatches
from escalade.evaluate.ledger import Entry
from escalade.supernet.make import check_options
from escalade.supernet.shared_weights import SharedWeights
from escalade.train import prepare
from escalade.train.fair_step import FairStep
from escalade.train.loop import train
from escalade.train.runtime import Runtime
from escalade.train.sandwich_step import SandwichStep
from escalade.train.steps import SinglePathStep, Step


def train_supernet(session: Session) -> None:
    """Train the supernet on sampled paths, from its checkpoint if there is one."""
    if not session.space.traits.has_supernet:
        session.console.say(f"train: the space {session.space.name} has no supernet to train")
        return
    if session.folder.supernet.exists():
        session.console.say("train: done before")
        return
    config, data, runtime = session.config, session.data, session.runtime
    recipe = recipe_for(config.supernet.recipe, data)
    supernet = session.new_supernet()
    batches = training_batches(config, data=data, runtime=runtime)
    num_steps = recipe.num_steps(batches.num_per_epoch)
    session.console.say(
        f"train: supernet of {sum(p.numel() for p in supernet.parameters()):,} parameters, "
        f"{num_steps} steps of {recipe.batch_size} images"
    )
    step = training_step(
        config, data=data, space=session.supernet_space, supernet=supernet, runtime=runtime
    )
    result = train(
        step,
        network=supernet,
        batches=batches,
        recipe=recipe,
        num_steps=num_steps,
        runtime=runtime,
        seed=config.seed,
        name="train",
        checkpoint=session.folder.checkpoint,
        identity=identity(session),
        metrics=session.folder.metrics,
        progress=lambda progress: session.console.training("train", progress),
        should_stop=session.should_stop,
    )
    if runtime.is_main:
        session.save_supernet(supernet)
        session.ledger.put(
            Entry(
                stage="train",
                name="supernet",
                device_seconds=result.seconds * runtime.num_devices,
                wall_seconds=result.seconds,
                images=result.num_images,
                device=runtime.device_name,
            )
        )


def training_batches(config: Config, *, data: ImageData, runtime: Runtime) -> TrainBatches:
    """The supernet's training batches."""
    recipe = recipe_for(config.supernet.recipe, data)
    return prepare.training_batches(
        recipe, data, seed=config.seed, runtime=runtime, num_crops=_num_crops(config)
    )


def _num_crops(config: Config) -> int:
    """Crops of each image: one for all of a step's paths, or one each."""
    settings = config.supernet
    if settings.step != "sandwich" or settings.patches == "same":
        return 1
    return settings.num_random + 2


def training_step(
    config: Config, *, data: ImageData, space: Space, supernet: SharedWeights, runtime: Runtime
) -> Step:
    """How the supernet trains; `api.timing` times the same step."""
    settings, space, kind = config.supernet, space.training, step_of(config, space)
    objective = prepare.objective(settings.recipe, data, runtime=runtime)
    if kind == "fair":
        paths = FairPaths(space, seed=config.seed)
        return FairStep(supernet, paths=paths, objective=objective)
    sampler = path_sampler(config, space)
    if kind == "single_path":
        return SinglePathStep(
            supernet,
            space=space,
            sampler=sampler,
            seed=config.seed,
            coupled=settings.coupled,
            objective=objective,
        )
    sandwich = Sandwich(space, sampler=sampler, seed=config.seed, num_random=settings.num_random)
    return SandwichStep(
        supernet,
        sandwich=sandwich,
        objective=objective,
        recipe=settings.recipe,
        distillation=settings.distillation,
        regularise=settings.regularise,
        patches=settings.patches,
        coupled=settings.coupled,
    )


def check_step(config: Config, space: Space) -> None:
    """Whether the space has the paths of the run's step, and its supernet what is wanted of it.

    Raises:
        ValueError: if not; or for a sampler's settings.
    """
    settings = config.supernet
    check_options(space.shape, coupled=settings.coupled, zero_residual=settings.zero_residual)
    check_sampling(config, space)
    space, kind = space.training, step_of(config, space)
    sampler = path_sampler(config, space)
    if kind == "fair":
        FairPaths(space, seed=config.seed)
    elif kind == "sandwich":
        Sandwich(space, sampler=sampler, seed=config.seed, num_random=settings.num_random)


def identity(session: Session) -> dict[str, str | int | float]:
    """What makes a training of this run this one: a checkpoint of another one is refused.

    Beside the data everything that the steps are made of, so that a config.yaml which somebody
    edits in the middle of a training cannot mix two; the recipe is the training's own.
    """
    data, space, config = session.data, session.supernet_space, session.config
    found: dict[str, str | int | float] = {
        "classes": data.num_classes,
        "in_channels": data.in_channels,
        "train_digest": data.train_digest,
        "space": space.name,
        "budgets": " ".join(f"{budget:g}" for budget in config.budgets),
        "budget_kind": config.budget_kind,
    }
    settings = {f.name: getattr(config.supernet, f.name) for f in fields(config.supernet)}
    del settings["recipe"]
    settings["step"] = step_of(config, space)
    if config.search.method == "nsga2":  # `path_sampler` then has no window
        settings["window"] = None
    settings["identity"] = space.identity
    return found | {f"supernet.{name}": str(value) for name, value in settings.items()}
