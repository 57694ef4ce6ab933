"""A run's pretrained network, fine-tuned whole on its images: teacher, ceiling and baseline."""

from __future__ import annotations

import torch

from escalade.family.packaging import package
from escalade.family.trainings.kept import kept_network
from escalade.planning.resolved_run import Run
from escalade.planning.seed_training import seed_job
from escalade.supernet.begin_as import begin_as
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.taught_step import Teacher


def fine_tune(run: Run) -> None:
    """Train the network on, at the resolution of the largest budget, unless that is done."""
    job = seed_job(run)
    run.workshop.train([job], stage="train")


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
