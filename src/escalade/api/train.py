"""The train stage: the super-supernet's weights."""

from __future__ import annotations

from escalade.api.session import Session, path_sampler, recipe_for
from escalade.core.design_space import DesignSpace
from escalade.data import TrainBatches
from escalade.evaluate.ledger import Entry
from escalade.train.augmentation import augmentation
from escalade.train.loop import train
from escalade.train.steps import Objective, SinglePathStep


def train_supernet(session: Session) -> None:
    """Train the supernet on sampled paths, from its checkpoint if there is one."""
    if isinstance(session.space, DesignSpace):
        session.console.say(f"train: the space {session.space.name} has no supernet to train")
        return
    if session.folder.supernet.exists():
        session.console.say("train: done before")
        return
    config, data, runtime = session.config, session.data, session.runtime
    recipe = recipe_for(config.supernet.recipe, data)
    supernet = session.new_supernet()
    batches = TrainBatches(
        data.train,
        batch_size=recipe.batch_size,
        seed=config.seed,
        augmentation=augmentation(recipe, data),
        device=runtime.device,
    )
    num_steps = recipe.num_steps(batches.num_per_epoch)
    session.console.say(
        f"train: supernet of {sum(p.numel() for p in supernet.parameters()):,} parameters, "
        f"{num_steps} steps of {recipe.batch_size} images"
    )
    step = SinglePathStep(
        supernet,
        space=session.supernet_space,
        sampler=path_sampler(config, session.supernet_space),
        seed=config.seed,
        coupled=config.supernet.coupled,
        objective=Objective(
            mean=data.mean,
            std=data.std,
            label_smoothing=recipe.label_smoothing,
            autocast=runtime.autocast,
        ),
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


def identity(session: Session) -> dict[str, str | int | float]:
    """What makes a training of this run this one: a checkpoint of other data is refused."""
    data = session.data
    return {
        "classes": data.num_classes,
        "in_channels": data.in_channels,
        "train_digest": data.train_digest,
        "space": session.space.name,
    }
