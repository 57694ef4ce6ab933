"""One drawn path a step (ScaleNet, section 3.2)."""

from __future__ import annotations

from torch import Tensor

from escalade.config.settings import SupernetConfig
from escalade.supernet.shared_weights import SharedWeights
from escalade.train.step import Batch, Step, TrainingObjective
from escalade.train.steps.path_sequence import Paths, PathSequence, side_at
from escalade.train.steps.supernet_training import SupernetTask, SupernetTraining


class SinglePathTraining(SupernetTraining):
    """Each step trains one path, whatever the others do."""

    has_one_path = True

    def paths(self, task: SupernetTask) -> PathSequence:
        return PathSequence(task.space.training, sampler=self.sampler_for(task), seed=task.seed)

    def step(self, task: SupernetTask, supernet: SharedWeights) -> Step:
        return SinglePathStep(
            supernet,
            paths=self.paths(task),
            objective=task.objective,
            coupled=task.settings.coupled,
        )

    def words(self, settings: SupernetConfig) -> str:
        return "single paths: one that is drawn, a step (ScaleNet, section 3.2)"


class SinglePathStep:
    """Trains one sampled path a step (ScaleNet, section 3.2).

    Args:
        supernet: the weights.
        paths: of every step.
        objective: loss and input statistics.
        coupled: alternate between the left and the right channels (BCNet) by the step's parity.
    """

    def __init__(
        self,
        supernet: SharedWeights,
        *,
        paths: Paths,
        objective: TrainingObjective,
        coupled: bool = False,
    ) -> None:
        self._supernet = supernet
        self._paths = paths
        self._objective = objective
        self._coupled = coupled

    def __call__(self, batch: Batch) -> Tensor:
        running = self._paths.at(batch.step).running
        side = side_at(batch.step) if self._coupled else "left"

        def forward(images: Tensor) -> Tensor:
            logits: Tensor = self._supernet(images, running, side=side)
            return logits

        return self._objective.backward(batch, resolution=running.resolution, forward=forward)
