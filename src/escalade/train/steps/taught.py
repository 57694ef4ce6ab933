"""The taught step: paths of a supernet learn from the network that it began as."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from escalade.config.settings import SupernetConfig
from escalade.core.network.architecture import Architecture
from escalade.core.sampling.opened_in_turn import TURNS, Opening, turn_at
from escalade.core.sampling.samplers import PathSampler
from escalade.core.space.path import Path
from escalade.core.space.space import Space
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.step import Batch, Step, TrainingObjective, add_gradients
from escalade.train.steps.path_sequence import Paths, PathSequence
from escalade.train.steps.supernet_training import SupernetTask, SupernetTraining, Teacher

_OPENING = {
    "at_once": "",
    "in_turn": "; resolutions and hidden widths from the first step, then, all else whole until "
    "its turn, kernels, depths and the widths of stages",
}


class TaughtTraining(SupernetTraining):
    """Paths near the budgets learn from the pretrained network that the run starts from."""

    own = ("opening", "num_random")
    remedy = "start from a pretrained network (--from)"
    needs_teacher = True
    near_budgets = True

    def paths(self, task: SupernetTask) -> Paths:
        settings, space, sampler = task.settings, task.space.training, self.sampler_for(task)
        if settings.opening == "at_once":
            return PathSequence(space, sampler=sampler, seed=task.seed)
        num_train = len(task.data.train)
        recipe = settings.recipe.for_images(num_train)
        return OpenedPaths(
            space,
            sampler=sampler,
            seed=task.seed,
            num_paths=settings.num_random,
            num_steps=recipe.num_steps(num_train // recipe.batch_size),
        )

    def step(self, task: SupernetTask, supernet: SharedWeights) -> Step:
        assert task.teacher is not None
        return TaughtStep(
            supernet,
            paths=self.paths(task),
            num_paths=task.settings.num_random,
            teacher=task.teacher,
            objective=task.objective,
        )

    def words(self, settings: SupernetConfig) -> str:
        return (
            f"{settings.num_random} random paths near the budgets a step, which learn from the "
            "pretrained network" + _OPENING[settings.opening]
        )


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
