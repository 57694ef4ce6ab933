"""The train stage: the super-supernet's weights."""

from __future__ import annotations

from dataclasses import replace

import torch

from escalade.core.numbers.shown import duration, percent
from escalade.family.packaging import package
from escalade.family.trainings.jobs import CHECKPOINT
from escalade.family.trainings.kept import is_done, keep, kept_network
from escalade.planning.resolved_run import Run
from escalade.planning.seed_training import NAME, seed_job, supernet_settings
from escalade.supernet.begin_as import begin_as
from escalade.supernet.shared_weights import SharedWeights
from escalade.supernet.weights_file import digest, is_trained, save_weights
from escalade.train import loop
from escalade.train.steps import Teacher, training_of


def train(run: Run) -> None:
    """Train the supernet on sampled paths, from its checkpoint if there is one."""
    console = run.console
    if not run.has_supernet:
        console.say("train: there is no supernet to train")
        return
    if run.runtime.broadcast(run.runtime.is_main and is_trained(run.folder.supernet)):
        console.say("train: done before")
        return
    if run.folder.supernet.exists():
        console.say(f"train: {run.folder.supernet} is not what was written; made again")
    task = replace(run.supernet_task, settings=supernet_settings(run))
    training = training_of(task.settings)
    recipe = task.settings.recipe.for_images(len(task.data.train))
    supernet = task.new_supernet()
    start: dict[str, str] = {}
    if run.seed is not None:
        fine_tune(run)
        begin_as_tuned(run, supernet)
        start["start"], task = digest(supernet), replace(task, teacher=teacher(run))
    batches = training.batches(task)
    num_steps = recipe.num_steps(batches.num_per_epoch)
    console.say(
        f"train: supernet of {sum(p.numel() for p in supernet.parameters()):,} parameters, "
        f"{num_steps} steps of {recipe.batch_size} images"
    )
    result = loop.train(
        training.step(task, supernet),
        network=supernet,
        batches=batches,
        recipe=recipe,
        num_steps=num_steps,
        runtime=run.runtime,
        seed=task.seed,
        name="train",
        checkpoint=run.folder.checkpoint,
        identity=task.identity() | start,
        metrics=run.folder.metrics,
        progress=lambda progress: console.training("train", progress),
        should_stop=run.should_stop,
    )
    if run.runtime.is_main:
        save_weights(supernet, run.folder.supernet)
        num, images = run.runtime.num_devices, result.num_images
        seconds = result.seconds
        run.books.put("train", "supernet", seconds=seconds, num_devices=num, images=images)


def fine_tune(run: Run) -> None:
    """Train the network on, at the resolution of the largest budget, unless that is done.

    It trains alone, on all threads, as the supernet does.

    Raises:
        Interrupted: the run was stopped; the same call goes on.
    """
    job, runtime, console = seed_job(run), run.runtime, run.console
    if runtime.broadcast(runtime.is_main and is_done(job.folder)):
        return
    assert run.seed is not None
    console.say(f"train: {run.seed.name} at {job.architecture.resolution} pixels, whole")
    made = job.make(run.place)
    if runtime.is_main:
        keep(job.folder, made, run.data)
        (job.folder / CHECKPOINT).unlink(missing_ok=True)
        run.books.put(
            "train",
            NAME,
            seconds=made.seconds,
            num_devices=runtime.num_devices,
            images=made.num_images,
            evaluations=1,
        )
        reached = f"{percent(made.search.accuracy)} on the search split, {duration(made.seconds)}"
        console.say(f"train: {run.seed.name}: {reached}")
    runtime.barrier()


def teacher(run: Run) -> Teacher:
    """The fine-tuned network, on the device."""
    folder = seed_job(run).folder
    network = package.load_network(folder)
    network.to(device=run.runtime.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return Teacher(network=network, resolution=kept_network(folder).resolution)


def begin_as_tuned(run: Run, supernet: SharedWeights) -> None:
    """Let the supernet begin as the fine-tuned network, its channels sorted."""
    folder = seed_job(run).folder
    begin_as(supernet, package.load_state(folder), kept_network(folder))
