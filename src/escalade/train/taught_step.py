"""The taught step: paths of a supernet learn from the network that it began as."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from escalade.core.network.architecture import Architecture
from escalade.core.sampling.samplers import PathSampler
from escalade.core.space.space import Space
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.steps import Batch, PathSequence, TrainingObjective, add_gradients


@dataclass(frozen=True, slots=True, kw_only=True)
class Teacher:
    """A trained network for the same classes, and the resolution that it looks at images at."""

    network: nn.Module
    resolution: int


class TaughtStep:
    """Trains sampled paths on a fixed teacher's soft labels alone, at temperature 1.

    All see the same crops, each resized to its own resolution; mixup blends them for all alike.
    Labels are not looked at, so label smoothing rests. Each path's graph is gone before the next
    path runs. The loss that is returned is the mean of the paths'.

    Args:
        supernet: the weights.
        space: realises what the sampler draws.
        sampler: draws paths.
        seed: of the run.
        num_paths: a step.
        teacher: is put into evaluation mode; its weights and statistics stay as they are.
        objective: input statistics and precision.
    """

    def __init__(
        self,
        supernet: SharedWeights,
        *,
        space: Space,
        sampler: PathSampler,
        seed: int,
        num_paths: int,
        teacher: Teacher,
        objective: TrainingObjective,
    ) -> None:
        self._supernet = supernet
        self._paths = PathSequence(space, sampler=sampler, seed=seed)
        self._num_paths = num_paths
        self._teacher = teacher.network.eval()
        self._resolution = teacher.resolution
        self._objective = objective

    def __call__(self, batch: Batch) -> Tensor:
        logits = self._objective.logits
        with torch.no_grad():
            predicted = logits(batch, resolution=self._resolution, forward=self._teacher)
        labels, losses = self._objective.losses.soft_labels(predicted), []
        for i, own in enumerate(batch.passes(self._num_paths)):
            running = self._paths.at(batch.step * self._num_paths + i).running
            made = logits(own, resolution=running.resolution, forward=self._of(running))
            losses.append(add_gradients(self._objective.losses.of_soft_labels(made, labels), own))
        return torch.stack(losses).mean()

    def _of(self, running: Architecture) -> Callable[[Tensor], Tensor]:
        def forward(images: Tensor) -> Tensor:
            logits: Tensor = self._supernet(images, running)
            return logits

        return forward
