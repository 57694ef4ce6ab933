"""A run's pretrained network, fine-tuned whole on its images: teacher, ceiling and baseline."""

from __future__ import annotations

import torch

from escalade.family.packaging import package
from escalade.family.trainings.jobs import CHECKPOINT
from escalade.family.trainings.kept import is_done, keep, kept_network
from escalade.planning.resolved_run import Run
from escalade.planning.seed_training import NAME, seed_job
from escalade.supernet.begin_as import begin_as
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.taught_step import Teacher


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
        reached = f"{made.search.accuracy:.2%} on the search split, {made.seconds:.0f} s"
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
