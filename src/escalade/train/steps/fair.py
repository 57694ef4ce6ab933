"""The strictly fair step: every choice of every layer once before the update (SCARLET; FairNAS)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor

from escalade.config.settings import SupernetConfig
from escalade.core.sampling.fair_paths import FairPaths
from escalade.core.space.traits import Traits
from escalade.train.step import Batch, Step, TrainingObjective
from escalade.train.steps.supernet_training import SupernetTask, SupernetTraining

if TYPE_CHECKING:
    from escalade.core.space.path import Path
    from escalade.supernet.shared_weights import SharedWeights


class FairTraining(SupernetTraining):
    """Every choice of every layer once a step, in a space of choices."""

    draws = False

    def suits(self, traits: Traits) -> bool:
        return not traits.shares

    def paths(self, task: SupernetTask) -> FairPaths:
        return FairPaths(task.space.training, seed=task.seed)

    def step(self, task: SupernetTask, supernet: SharedWeights) -> Step:
        return FairStep(supernet, paths=self.paths(task), objective=task.objective)

    def words(self, settings: SupernetConfig) -> str:
        return (
            "strictly fair (FairNAS, which SCARLET follows): every choice of every layer once a "
            "step, gradients summed over as many paths"
        )


class PathsOfSteps(Protocol):
    """The paths of every step, a pure function of the step: `core.sampling.fair_paths`."""

    def at(self, step: int) -> Sequence[Path]:
        """The paths of a step, in the order in which they train."""
        ...


class FairStep:
    """Trains, one after the other on the same batch, paths that use every choice exactly once.

    Their gradients add up and the loop updates once (FairNAS, algorithm 1), so that no choice is
    ahead of another at any time. What all paths share (the stem, the head) gets the sum of all
    gradients. Each path's graph is gone before the next path runs, so the peak of memory is the
    largest path's.

    The loss that is returned is the mean of all paths', which is not finite if one of them is not.

    Args:
        supernet: the weights; called with images and what a path runs.
        paths: of each step.
        objective: loss and input statistics.
    """

    def __init__(
        self, supernet: SharedWeights, *, paths: PathsOfSteps, objective: TrainingObjective
    ) -> None:
        self._supernet = supernet
        self._paths = paths
        self._objective = objective

    def __call__(self, batch: Batch) -> Tensor:
        paths = self._paths.at(batch.step)
        passes = zip(batch.passes(len(paths)), paths, strict=True)
        losses = [self._pass(own, path) for own, path in passes]
        return torch.stack(losses).mean()

    def _pass(self, batch: Batch, path: Path) -> Tensor:
        def forward(images: Tensor) -> Tensor:
            logits: Tensor = self._supernet(images, path.running)
            return logits

        return self._objective.backward(batch, resolution=path.running.resolution, forward=forward)
