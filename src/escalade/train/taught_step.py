"""The taught step: paths of a supernet learn from the network that it began as."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from escalade.core.network.architecture import Architecture
from escalade.core.sampling.opened_in_turn import TURNS, Opening, turn_at
from escalade.core.sampling.samplers import PathSampler
from escalade.core.space.path import Path
from escalade.core.space.space import Space
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.steps import Batch, PathSequence, TrainingObjective, add_gradients


@dataclass(frozen=True, slots=True, kw_only=True)
class Teacher:
    """A trained network for the same classes, and the resolution that it looks at images at."""

    network: nn.Module
    resolution: int


class Paths(Protocol):
    """Paths by number: a pure function of it."""

    def at(self, step: int) -> Path: ...


class OpenedPaths:
    """The paths of a training whose choices open in turn.

    Args:
        space: realises what the sampler draws.
        sampler: draws paths as if all choices were open.
        seed: of the run.
        num_paths: a step.
        num_steps: of the training.
    """

    def __init__(
        self, space: Space, *, sampler: PathSampler, seed: int, num_paths: int, num_steps: int
    ) -> None:
        openings = (Opening(space, sampler=sampler, num_open=i + 1) for i in range(len(TURNS)))
        self._turns = [PathSequence(space, sampler=each, seed=seed) for each in openings]
        self._num_paths, self._num_steps = num_paths, num_steps

    def at(self, step: int) -> Path:
        """The path of a number, of which each step has several."""
        turn = turn_at(step // self._num_paths, num_steps=self._num_steps)
        return self._turns[turn - 1].at(step)


class TaughtStep:
    """Trains sampled paths on a fixed teacher's soft labels alone, at temperature 1.

    All see the same crops, each resized to its own resolution; mixup blends them for all alike.
    Labels are not looked at, so label smoothing rests. Each path's graph is gone before the next
    path runs. The loss that is returned is the mean of the paths'.

    Args:
        supernet: the weights.
        paths: by their number, over all steps.
        num_paths: a step.
        teacher: is put into evaluation mode; its weights and statistics stay as they are.
        objective: input statistics and precision.
    """

    def __init__(
        self,
        supernet: SharedWeights,
        *,
        paths: Paths,
        num_paths: int,
        teacher: Teacher,
        objective: TrainingObjective,
    ) -> None:
        self._supernet = supernet
        self._paths = paths
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
