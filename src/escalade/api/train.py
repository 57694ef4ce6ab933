"""The train stage: the super-supernet's weights."""

from __future__ import annotations

from escalade.api.fine_tune import begin_as_tuned, fine_tune, teacher
from escalade.planning.resolved_run import Run
from escalade.planning.seed_training import supernet_settings
from escalade.supernet.digest import digest
from escalade.supernet.weights_file import is_trained, save_weights
from escalade.train import loop
from escalade.train.supernet_step import identity, training_batches, training_step


def train(run: Run) -> None:
    """Train the supernet on sampled paths, from its checkpoint if there is one."""
    console = run.console
    if not run.space.traits.has_supernet:
        console.say(f"train: the space {run.space.name} has no supernet to train")
        return
    if run.runtime.broadcast(run.runtime.is_main and is_trained(run.folder.supernet)):
        console.say("train: done before")
        return
    if run.folder.supernet.exists():
        console.say(f"train: {run.folder.supernet} is not what was written; made again")
    config, settings, data = run.config, supernet_settings(run), run.data
    recipe = settings.recipe.for_images(len(data.train))
    supernet, taught_by = run.new_supernet(), None
    start: dict[str, str] = {}
    if run.seed is not None:
        fine_tune(run)
        begin_as_tuned(run, supernet)
        start["start"], taught_by = digest(supernet), teacher(run)
    batches = training_batches(settings, seed=config.seed, data=data, runtime=run.runtime)
    num_steps = recipe.num_steps(batches.num_per_epoch)
    console.say(
        f"train: supernet of {sum(p.numel() for p in supernet.parameters()):,} parameters, "
        f"{num_steps} steps of {recipe.batch_size} images"
    )
    step = training_step(
        settings,
        run.space,
        run.budgets,
        seed=config.seed,
        data=data,
        supernet=supernet,
        runtime=run.runtime,
        teacher=taught_by,
    )
    result = loop.train(
        step,
        network=supernet,
        batches=batches,
        recipe=recipe,
        num_steps=num_steps,
        runtime=run.runtime,
        seed=config.seed,
        name="train",
        checkpoint=run.folder.checkpoint,
        identity=identity(settings, run.space, run.budgets, data=data) | start,
        metrics=run.folder.metrics,
        progress=lambda progress: console.training("train", progress),
        should_stop=run.should_stop,
    )
    if run.runtime.is_main:
        save_weights(supernet, run.folder.supernet)
        num, images = run.runtime.num_devices, result.num_images
        seconds = result.seconds
        run.books.put("train", "supernet", seconds=seconds, num_devices=num, images=images)
